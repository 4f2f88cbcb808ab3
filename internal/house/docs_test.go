package house

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// The list is what `go list k8s.io/client-go/...` says of v0.37, without what is generated for each API, parts of the packages named, examples and tests.
func TestEveryPackageOfClientGoHasACounterpartOrAReason(t *testing.T) {
	list, err := os.ReadFile("testdata/client-go-packages.txt")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := fs.ReadFile(root, "docs/from-client-go.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(list)) {
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("docs/from-client-go.md does not say what does the job of %s", name)
		}
	}
}
