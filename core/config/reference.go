package config

import (
	"errors"
	"slices"
	"strings"
)

// IsReference says that a text is written as FILE@VARIABLE: what follows its last "@" is the name of a variable, with
// or without SECTION:: before it, and the text does not begin with a scheme as "unix:@name" does. The file is not looked at.
func IsReference(text string) bool {
	file, variable, ok := cutReference(text)
	if !ok || !validName(variable) {
		return false
	}
	scheme, _, ok := strings.Cut(file, ":")
	return !ok || strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz") != ""
}

// cutReference divides a reference at its last "@", since paths hold them more often than names.
func cutReference(text string) (file, variable string, ok bool) {
	i := strings.LastIndexByte(text, '@')
	if i <= 0 || i == len(text)-1 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}

// Reference reads a FILE@VARIABLE, where VARIABLE may be SECTION::NAME. If the variable is there several times, the last one
// counts. Errors are *ReferenceError. It reads the file anew each time.
func Reference(ref string) (value string, origin Origin, err error) {
	fail := &ReferenceError{Reference: ref}
	var ok bool
	if fail.File, fail.Variable, ok = cutReference(ref); !ok {
		return "", Origin{}, fail
	}
	entries, errs := readFile(fail.File)
	if errs != nil {
		fail.Err = errs[0]
		fail.Problem = BadFile
		if fe, ok := errors.AsType[*FileError](fail.Err); ok && fe.Line == 0 {
			fail.Problem = NoFile
		}
		return "", Origin{}, fail
	}
	want := canonical(fail.Variable)
	for _, e := range slices.Backward(entries) {
		if canonical(e.fullName()) == want {
			return e.value, Origin{Kind: FromFile, Name: fail.File, Line: e.line}, nil
		}
	}
	fail.Problem = NoVariable
	for _, e := range entries {
		fail.Names = append(fail.Names, e.fullName())
	}
	slices.Sort(fail.Names)
	fail.Names = slices.Compact(fail.Names)
	fail.Suggest = suggest(fail.Variable, fail.Names)
	return "", Origin{}, fail
}
