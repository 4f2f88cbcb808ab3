package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// pretty says whether the answer is for people to read.
func (q *request) pretty() bool { return q.accept.Pretty || wantsPretty(q.r) }

// wantsPretty says whether a request asks for JSON that people can read, or comes from a tool that shows it to them.
func wantsPretty(r *http.Request) bool {
	if asked := r.URL.Query().Get("pretty"); asked != "" {
		pretty, _ := strconv.ParseBool(asked) // what is no answer is a no
		return pretty
	}
	for _, tool := range []string{"curl", "Wget", "Mozilla/5.0"} {
		if strings.HasPrefix(r.UserAgent(), tool) {
			return true
		}
	}
	return false
}

// indent makes JSON readable. It ends without a newline.
func indent(data []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, bytes.TrimSpace(data), "", "  ") != nil {
		return data
	}
	return out.Bytes()
}
