package secret_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/secret"
)

func TestIs(t *testing.T) {
	for name, want := range map[string]bool{
		"secret_code": true, "PASSWORD": true, "user_password": true, "Token": true, "access_token_2": true, "api_key": true,
		"apikey": true, "passphrase": true, "credentials": true, "Authorization": true, "pwd": true,
		"object_name": false, "key": false, "pass": false, "timeout": false, "tok": false, strings.Repeat("x", 200): false,
		strings.Repeat("x", 200) + "secret": true,
	} {
		require.Equal(t, want, secret.Is([]byte(name)), name)
	}
}

func TestAnnounced(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "harmless": "", "Password": "Password", "my token is a secret one": "my token", "my secret is a TOKEN": "my secret", "ends in pwd": "ends in pwd",
		strings.Repeat("x", 100) + "passwd=1": strings.Repeat("x", 100) + "passwd",
	} {
		end, found := secret.Announced([]byte(text))
		require.Equal(t, want, text[:end])
		require.Equal(t, want != "", found, text)
	}
}

func TestNamesCostNoMemory(t *testing.T) {
	name := []byte("the_name_of_a_parameter")
	require.Zero(t, testing.AllocsPerRun(100, func() { require.False(t, secret.Is(name)) }))
}
