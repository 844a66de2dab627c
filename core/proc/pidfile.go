package proc

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
)

// maxPIDFile is far more than a number needs, and tells a pid file from another file without reading that whole.
const maxPIDFile = 64

// ReadPIDFile reads the number of a process from a file that holds nothing else: digits, white space around them. Errors
// are *PIDFileError.
func ReadPIDFile(path string) (int, error) {
	fail := func(reason string, err error) (int, error) {
		return 0, &PIDFileError{Path: path, Reason: reason, Err: err}
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() { // opening a FIFO would wait for a writer
		return fail("it is no regular file", nil)
	}
	f, err := os.Open(path)
	if err != nil {
		if pe, ok := errors.AsType[*os.PathError](err); ok {
			err = pe.Err
		}
		return fail("", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPIDFile+1))
	if err != nil {
		return fail("", err)
	}
	text := strings.Trim(string(data), " \t\r\n")
	switch {
	case text == "":
		return fail("it is empty", nil)
	case len(data) > maxPIDFile:
		return fail("it is too long to hold only a number", nil)
	case strings.Trim(text, "0123456789") != "":
		return fail("it holds "+strconv.Quote(text)+" and not a number", nil)
	}
	pid, err := ParsePID(text)
	if err != nil {
		return fail(err.Error(), nil)
	}
	return pid, nil
}

// maxPID is the kernel's PID_MAX_LIMIT on 64-bit machines; proc_sys_kernel(5).
const maxPID = 1 << 22

// ParsePID reads the number of a process: digits only, from 1 to 4194304.
func ParsePID(text string) (int, error) {
	pid, err := strconv.ParseUint(text, 10, 32)
	if err != nil || pid < 1 || pid > maxPID {
		return 0, errors.New(strconv.Quote(text) + " is no process number: those go from 1 to 4194304")
	}
	return int(pid), nil
}
