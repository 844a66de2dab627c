package router

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// findUser finds as whom the router goes on, if a user is set. It tells before anything is bound that there is no such user, or that
// only root can become another.
func (d *daemon) findUser() error {
	if d.setup.userName == "" {
		return nil
	}
	id, err := proc.LookUpIdentity(d.setup.userName, d.setup.groupName)
	if err != nil {
		return toolkit.As(toolkit.Config, err)
	}
	if os.Geteuid() != 0 {
		return toolkit.As(toolkit.Permission, proc.Become(id)) // without root it changes nothing
	}
	d.user = &id
	return nil
}

// become gives up the rights of root, if a user is set. Sockets, folders that were made for them or that are for nothing else, and
// that for data, go to that user, who has to remove and write files in them.
func (d *daemon) become() error {
	if d.user == nil {
		return nil
	}
	s, id := d.setup, d.user
	give := func(path string, group int) {
		if path == "" {
			return
		}
		if err := os.Chown(path, id.UID, group); err != nil {
			d.log.Warn("file stays with its owner", "error", err)
		}
	}
	for _, path := range append(slices.Clone(d.folders), s.dataPath, s.logFile) {
		give(path, id.GID)
	}
	group := id.GID
	if s.group != "" {
		group = -1 // it is that of unix_group
	}
	for _, path := range d.socketFiles() {
		give(path, group)
		dir := filepath.Dir(path)
		if dir == filepath.Dir(s.place.socket) {
			give(dir, id.GID)
		} else if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o022 == 0 {
			if uid, known := proc.FileOwner(info); known && int(uid) != id.UID {
				d.log.Warn("socket file will stay after the end: its folder belongs to another user", "file", path, "user", s.userName)
			}
		}
	}
	if err := proc.Become(*id); err != nil {
		return toolkit.As(toolkit.Permission, err)
	}
	d.log.Info("rights of root are given up", "user", s.userName, "uid", id.UID, "gid", id.GID)
	return nil
}

// socketFiles are the files of the sockets that were bound here, not by systemd.
func (d *daemon) socketFiles() (list []string) {
	s := d.setup
	add := func(key string, a address.Address) {
		if a.Scheme.IsUnix() && a.Path != "" && !a.IsAbstract() && !d.inherited[key] {
			list = append(list, a.Path)
		}
	}
	for _, a := range s.unix {
		add("unix_listen", a)
	}
	add("unix_datagram", s.datagram)
	add("metrics_listen", s.metrics)
	return list
}
