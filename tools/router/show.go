package router

import (
	"errors"
	"strings"

	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

const stars = "********"

// masked is a value as it may be shown: a secret as stars, a URI with its password as stars.
func masked(k key, value string) string {
	if !k.secret || value == "" || value == k.value {
		return value
	}
	if k.name == "signal_secret" {
		return stars
	}
	list := words(value)
	for i, word := range list {
		head, rest, ok := strings.Cut(word, "://")
		at := strings.LastIndexByte(rest, '@')
		if !ok || at < 0 {
			continue
		}
		user, _, _ := strings.Cut(rest[:at], ":")
		list[i] = head + "://" + user + ":" + stars + rest[at:]
	}
	return strings.Join(list, " ")
}

// shownKey is a setting in JSON.
type shownKey struct {
	V      int    `json:"v"`
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
	Set    bool   `json:"set"` // false: the value is the default
}

// printConfig prints every setting as a line of a configuration file, or as JSON; secrets are stars.
func printConfig(out *toolkit.Output, s *setup, origin bool) error {
	for _, k := range keys() {
		v := s.settings.Get(k.name)
		if v.Value == "" && v.IsSet() {
			v.Value, v.Origin = k.value, config.Origin{} // an empty value counts as unset
		}
		if meant := s.meant(k.name); meant != "" {
			v.Value = meant
		}
		if err := printKey(out, k, v, origin); err != nil {
			return err
		}
	}
	return nil
}

// meant is what a setting comes to whose value says "default", or leaves something to be found out; "" for others.
func (s *setup) meant(name string) string {
	switch name {
	case "server_name":
		return s.serverName
	case "my_address":
		return s.mine.HostPort()
	case "unix_listen":
		var list []string
		for _, a := range s.unix {
			list = append(list, strings.TrimPrefix(a.String(), "unix:"))
		}
		return strings.Join(list, ",")
	case "unix_datagram":
		return strings.TrimPrefix(s.datagram.String(), "unixgram:")
	case "data_path":
		return s.dataPath
	}
	return ""
}

func printKey(out *toolkit.Output, k key, v config.Setting, origin bool) error {
	value := masked(k, v.Value)
	switch {
	case out.JSON:
		return out.JSONLine(shownKey{1, k.name, value, v.Origin.String(), v.IsSet()})
	case origin:
		return out.Line("%s=%s\t%s", k.name, out.Received(value), v.Origin)
	}
	return out.Line("%s=%s", k.name, out.Received(value))
}

// checked is the verdict on a configuration in JSON.
type checked struct {
	V        int      `json:"v"`
	OK       bool     `json:"ok"`
	Known    int      `json:"known"` // settings that there are
	Set      int      `json:"set"`   // settings that somebody gave a value
	Files    []string `json:"files,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Errors   []string `json:"errors,omitempty"`
}

// checkConfig prints what is wrong with a configuration; err is what reading it brought.
func checkConfig(out *toolkit.Output, s *setup, err error) error {
	if err == nil {
		err = s.checkHere()
	}
	c := checked{V: 1, OK: err == nil, Known: len(keys())}
	if err != nil {
		c.Errors = strings.Split(err.Error(), "\n")
	} else {
		c.Files, c.Warnings = s.settings.Files(), s.warnings
		for _, k := range keys() {
			if v := s.settings.Get(k.name); v.IsSet() {
				c.Set++
			}
		}
	}
	if out.JSON {
		if bad := out.JSONLine(c); bad != nil {
			return bad
		}
	} else {
		for _, text := range append(c.Errors, c.Warnings...) {
			if bad := out.Line("%s", out.Received(text)); bad != nil {
				return bad
			}
		}
		if c.OK {
			out.Say("ok, %d of %d settings set%s", c.Set, c.Known, from(c.Files))
		}
	}
	if err != nil {
		return toolkit.Silent(toolkit.KindOf(err))
	}
	return nil
}

// checkHere says what is wrong with the setup on this host: with the certificates, with the own address.
func (s *setup) checkHere() error {
	_, err := openerOf(s)
	if err != nil {
		return err // its kind decides how the command exits
	}
	loop, err := reactor.New(reactor.Options{Name: "check"})
	if err != nil {
		return err
	}
	return errors.Join(s.checkMine(loop), loop.Close())
}

func from(files []string) string {
	if len(files) == 0 {
		return ""
	}
	return ", files: " + strings.Join(files, ", ")
}
