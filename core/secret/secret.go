// Package secret tells by the names of parameters which values nobody may see: not in a log, not in a trace.
package secret

import "bytes"

// Hidden is what stands for a value that nobody may see.
const Hidden = "***"

// words are what such names have in them.
func words() [13]string {
	return [...]string{"secret", "password", "passwd", "pwd", "passphrase", "passcode", "token", "credential", "authorization",
		"apikey", "api_key", "private_key", "access_key"}
}

// Is says whether the value of a parameter is never shown: its name has one of the words secret, password, passwd, pwd,
// passphrase, passcode, token, credential, authorization, apikey, api_key, private_key or access_key in it, in upper or
// lower case. A name of up to 64 bytes costs no memory.
func Is(name []byte) bool {
	_, found := Announced(name)
	return found
}

// Announced says whether such a word is anywhere in a text, and where the first of them ends.
func Announced(text []byte) (end int, found bool) {
	var room [64]byte
	low := room[:0]
	for _, c := range text {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		low = append(low, c)
	}
	for _, w := range words() {
		if i := bytes.Index(low, []byte(w)); i >= 0 {
			end, found = i+len(w), true
			low = low[:end]
		}
	}
	return end, found
}
