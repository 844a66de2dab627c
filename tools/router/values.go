package router

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// readText keeps a value as it is.
func readText(field func(*setup) *string) func(*setup, string) error {
	return func(s *setup, text string) error {
		*field(s) = text
		return nil
	}
}

// readChoice reads one of some words. The options know them as well; a file or a variable may hold anything.
func readChoice(field func(*setup) *string, choices ...string) func(*setup, string) error {
	return func(s *setup, text string) error {
		*field(s) = text
		if !slices.Contains(choices, text) {
			return fmt.Errorf("%q is none of %s", text, strings.Join(choices, ", "))
		}
		return nil
	}
}

// readCount reads a whole number.
func readCount(least, most int, field func(*setup) *int) func(*setup, string) error {
	return func(s *setup, text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return fmt.Errorf("%q is no number from %d to %d", text, least, most)
		}
		*field(s) = n
		return nil
	}
}

// readSize reads bytes: 65536, 64KiB, 64K, 8MiB, 1G.
func readSize(least, most int, field func(*setup) *int) func(*setup, string) error {
	return func(s *setup, text string) error {
		number := strings.TrimRight(text, "KMGiB")
		shift, known := map[string]int{"": 0, "B": 0, "K": 10, "KiB": 10, "M": 20, "MiB": 20, "G": 30, "GiB": 30}[text[len(number):]]
		n, err := strconv.Atoi(number)
		if err != nil || !known || n < 0 || n > most>>shift || n<<shift < least {
			return fmt.Errorf("%q is no size from %d to %d bytes, like 64KiB or 8M", text, least, most)
		}
		*field(s) = n << shift
		return nil
	}
}

// readDuration reads a time that is more than none; a bare number is seconds.
func readDuration(field func(*setup) *time.Duration) func(*setup, string) error {
	return func(s *setup, text string) error {
		d, err := toolkit.ParseDuration(text)
		if err == nil && d == 0 {
			err = fmt.Errorf("%q is not more than 0", text)
		}
		*field(s) = d
		return err
	}
}

func readYes(field func(*setup) *bool) func(*setup, string) error {
	return func(s *setup, text string) (err error) {
		*field(s), err = toolkit.ParseBool(text)
		return err
	}
}

func readServerName(s *setup, text string) error {
	if text == "" {
		return nil
	}
	s.serverName = text
	return message.VerifyServer(text)
}

// readGroup reads the name of a group that there is.
func readGroup(field func(*setup) *string) func(*setup, string) error {
	return func(s *setup, text string) (err error) {
		if *field(s) = text; text != "" {
			_, err = proc.LookUpGroup(text)
		}
		return err
	}
}

func readUserName(s *setup, text string) error {
	s.userName = text
	if text == "" {
		return nil
	}
	_, err := proc.LookUpIdentity(text, "")
	return err
}

func readSignalSecret(s *setup, text string) error {
	s.secret = text
	return nil
}

// readSignalSecretFile comes after readSignalSecret.
func readSignalSecretFile(s *setup, path string) (err error) {
	if path == "" {
		return nil
	}
	if s.secret != "" {
		return errors.New("signal_secret is given, too")
	}
	s.secret, err = toolkit.ReadSecret(path)
	return err
}

// readServices lists the names of the services that belong to this node: the files NAME.service of some folders. What is in
// the files does not matter.
func readServices(s *setup, text string) error {
	given := s.settings.Get("services").IsSet()
	for dir := range strings.SplitSeq(text, ":") {
		if dir == "" || text == noneWord {
			continue
		}
		list, err := os.ReadDir(dir)
		if err != nil {
			if given {
				s.warnings = append(s.warnings, "services: "+err.Error())
			}
			continue
		}
		for _, e := range list {
			name, ok := strings.CutSuffix(e.Name(), ".service")
			switch {
			case !ok:
			case message.VerifyService(name) != nil:
				s.warnings = append(s.warnings, fmt.Sprintf("services: %s is no name for a service", filepath.Join(dir, e.Name())))
			default:
				s.services = append(s.services, name)
			}
		}
	}
	return nil
}

func readPolicy(s *setup, path string) (err error) {
	if path != "" {
		s.policy, err = loadPolicy(path)
	}
	return err
}

// readDataPath: a relative path is relative to where the router was started.
func readDataPath(s *setup, text string) (err error) {
	switch text {
	case noneWord:
	case defaultWord:
		s.dataPath = s.place.data
	default:
		s.dataPath, err = filepath.Abs(text)
	}
	return err
}
