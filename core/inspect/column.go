package inspect

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Kind says what the numbers of a column mean, and so what a viewer does with them.
type Kind uint8

// The kinds.
const (
	Label   Kind = iota // text, or a number that is only a name
	Gauge               // goes up and down
	Counter             // only goes up, until the thing is made anew: rates are made of it
)

func (k Kind) String() string { return [...]string{"label", "gauge", "counter"}[min(k, Counter)] }

// Unit is one word that says what is counted. A viewer knows those below and may print any other behind the number.
type Unit string

// The units that viewers know. Numbers of all of them are decimal.
const (
	None    Unit = ""
	Bytes   Unit = "bytes"
	Seconds Unit = "seconds" // a length of time, with up to nine decimals
	Time    Unit = "time"    // a date: seconds since 1970, with up to nine decimals
	Percent Unit = "percent"
	Flag    Unit = "flag" // true or false
)

// Column describes one column.
type Column struct {
	Name string // of the parameter that carries it: [a-z_][a-z0-9_]*; not "table" and not "serial"
	Kind Kind
	Unit Unit
	Key  bool   // with the other keys, what tells rows apart from one snapshot to the next
	Help string // one line for people; may be empty
}

// Number reads a value of the column. False means that it is not there, or no number: infinity is none.
func (c Column) Number(value string) (float64, bool) {
	n, err := strconv.ParseFloat(value, 64)
	return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
}

// Duration reads a value in Seconds. False means, too, that it is longer than a Duration can be, 292 years.
func (c Column) Duration(value string) (time.Duration, bool) {
	n, ok := c.Number(value)
	n *= float64(time.Second)
	return time.Duration(n), ok && math.Abs(n) < math.MaxInt64
}

// IsName says whether a table or a column can have this name: [a-z_][a-z0-9_]*.
func IsName(s string) bool {
	for i, r := range s {
		if (r < 'a' || r > 'z') && r != '_' && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// check says what is wrong with a column.
func (c Column) check() error {
	if c.Name == "table" || c.Name == "serial" {
		return fmt.Errorf("the column name %q is taken", c.Name)
	}
	if !IsName(c.Name) {
		return fmt.Errorf("%q is no name: it has to have a-z, 0-9 and _ alone, and to begin with no digit", c.Name)
	}
	if strings.ContainsAny(string(c.Unit), ":, ") {
		return fmt.Errorf("the unit %q of column %s is no word", c.Unit, c.Name)
	}
	return nil
}

// formatColumns is the value of the parameter "columns": NAME:KIND:UNIT[:key], with commas between them.
func formatColumns(columns []Column) string {
	var b strings.Builder
	for i, c := range columns {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(c.Name + ":" + c.Kind.String() + ":" + string(c.Unit))
		if c.Key {
			b.WriteString(":key")
		}
	}
	return b.String()
}

// parseColumns reads it back. What a later version may add behind is ignored, a kind that is not known is a label.
func parseColumns(text string) ([]Column, error) {
	if text == "" {
		return nil, nil
	}
	var all []Column
	for part := range strings.SplitSeq(text, ",") {
		words := strings.Split(part, ":")
		if len(words) < 3 {
			return nil, fmt.Errorf("read columns: %q is not NAME:KIND:UNIT", part)
		}
		c := Column{Name: words[0], Unit: Unit(words[2])}
		switch words[1] {
		case "gauge":
			c.Kind = Gauge
		case "counter":
			c.Kind = Counter
		}
		for _, w := range words[3:] {
			c.Key = c.Key || w == "key"
		}
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("read columns: %w", err)
		}
		all = append(all, c)
	}
	return all, nil
}
