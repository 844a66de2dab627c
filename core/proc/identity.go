package proc

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// Identity is whom a process runs as.
type Identity struct {
	UID, GID int
	Groups   []int // supplementary
}

// LookUpIdentity finds a user, by name or number, and with it the group and the supplementary groups it has. group, if not
// empty, takes the place of the user's own group. It reads /etc/passwd and /etc/group.
func LookUpIdentity(userName, group string) (Identity, error) {
	var id Identity
	u, err := user.Lookup(userName)
	if err != nil {
		if u, err = user.LookupId(userName); err != nil {
			return id, fmt.Errorf("look up user %q: there is no such user", userName)
		}
	}
	if id.UID, err = strconv.Atoi(u.Uid); err != nil {
		return id, fmt.Errorf("look up user %q: %w", userName, err)
	}
	if id.GID, err = strconv.Atoi(u.Gid); err != nil {
		return id, fmt.Errorf("look up user %q: %w", userName, err)
	}
	names, err := u.GroupIds()
	if err != nil {
		return id, fmt.Errorf("look up groups of %q: %w", userName, err)
	}
	for _, name := range names {
		if gid, err := strconv.Atoi(name); err == nil {
			id.Groups = append(id.Groups, gid)
		}
	}
	if group != "" {
		if id.GID, err = LookUpGroup(group); err != nil {
			return id, err
		}
	}
	return id, nil
}

// LookUpUser returns the number of a user, which may be given as a number.
func LookUpUser(name string) (int, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return int(n), nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return 0, fmt.Errorf("look up user %q: there is no such user", name)
	}
	return strconv.Atoi(u.Uid)
}

// LookUpGroup returns the number of a group, which may be given as a number.
func LookUpGroup(name string) (int, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return int(n), nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("look up group %q: there is no such group", name)
	}
	return strconv.Atoi(g.Gid)
}

// Become gives the whole process, all its threads, another identity for good. Only root can; it checks that there is no
// way back. What failed half way leaves the process in between: the only thing to do then is to end.
func Become(id Identity) error {
	if id.UID == os.Getuid() && id.UID == os.Geteuid() && id.GID == os.Getgid() && id.GID == os.Getegid() {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("become user %d: %w", id.UID, ErrPermission)
	}
	if err := syscall.Setgroups(id.Groups); err != nil {
		return fmt.Errorf("set groups: %w", err)
	}
	if err := syscall.Setresgid(id.GID, id.GID, id.GID); err != nil {
		return fmt.Errorf("become group %d: %w", id.GID, err)
	}
	if err := syscall.Setresuid(id.UID, id.UID, id.UID); err != nil {
		return fmt.Errorf("become user %d: %w", id.UID, err)
	}
	if id.UID != 0 && syscall.Setuid(0) == nil {
		return fmt.Errorf("become user %d: the way back to root is open", id.UID)
	}
	return nil
}

// FileOwner returns the user to whom a file belongs; false where the file system does not tell.
func FileOwner(info fs.FileInfo) (uid uint32, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return st.Uid, true
}
