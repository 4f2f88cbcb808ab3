package rest

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"k8s.io/klog/v2"
)

// Warning is one Warning header of an answer (RFC 7234, code 299): something the caller should change, such as a deprecated API.
type Warning struct {
	Code  int
	Agent string // "-" from an API server
	Text  string
}

// WarningHandler receives the warnings of an answer, one by one, before the answer is returned. It is called concurrently.
type WarningHandler func(ctx context.Context, w Warning)

// LogWarnings writes each warning to the context's klog logger. It is the default handler.
func LogWarnings(ctx context.Context, w Warning) {
	klog.FromContext(ctx).Info("The API server warns", "warning", w.Text)
}

// IgnoreWarnings does nothing.
func IgnoreWarnings(context.Context, Warning) {}

// parseWarnings reads the Warning headers of an answer. What is not well-formed, or not of code 299, is left out.
func parseWarnings(header http.Header) []Warning {
	var all []Warning
	for _, value := range header["Warning"] {
		for value != "" {
			w, rest, ok := cutWarning(value)
			if !ok {
				break
			}
			if w.Code == 299 {
				all = append(all, w)
			}
			value = rest
		}
	}
	return all
}

// cutWarning reads one `299 - "text"` and, after a comma, leaves the rest. An optional quoted date after the text is passed over.
func cutWarning(value string) (w Warning, rest string, ok bool) {
	code, value, ok := strings.Cut(strings.TrimLeft(value, " \t,"), " ")
	if !ok || len(code) != 3 {
		return w, "", false
	}
	number, err := strconv.Atoi(code)
	if err != nil {
		return w, "", false
	}
	agent, value, ok := strings.Cut(value, " ")
	if !ok {
		return w, "", false
	}
	text, value, ok := cutQuoted(value)
	if !ok {
		return w, "", false
	}
	if _, after, dated := cutQuoted(value); dated {
		value = after
	}
	value = strings.TrimLeft(value, " \t")
	if value != "" && value[0] != ',' {
		return w, "", false
	}
	return Warning{Code: number, Agent: agent, Text: text}, value, true
}

// cutQuoted reads a quoted string of HTTP, in which a backslash protects the next byte.
func cutQuoted(value string) (text, rest string, ok bool) {
	value = strings.TrimLeft(value, " \t")
	if value == "" || value[0] != '"' {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			return printable(b.String()), value[i+1:], true
		case c == '\\' && i+1 < len(value):
			i++
			b.WriteByte(value[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// printable replaces control characters, so that a server cannot write escape sequences to a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
