package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// podsOnly is a program that follows one resource.
const podsOnly = "./testdata/podsonly"

// sizeLimit is what its binary may have, debugging information included, but not the path of the folder in which it was built.
const sizeLimit = 19_000_000

func TestAProgramThatUsesOneGroupLinksNoOther(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", podsOnly).CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	packages := strings.Fields(string(out))
	if !slices.Contains(packages, "k8s.io/api/core/v1") {
		t.Fatalf("the program does not know pods: %q", packages)
	}
	for _, pkg := range packages {
		linksGroup := strings.HasPrefix(pkg, "k8s.io/api/") || strings.HasPrefix(pkg, module+"/resource/")
		if linksGroup && !strings.HasSuffix(pkg, "/core/v1") {
			t.Errorf("it links %s", pkg)
		}
		if strings.HasPrefix(pkg, "github.com/prometheus/") {
			t.Errorf("it links %s, which only those who want metrics should pay for", pkg)
		}
	}
}

func TestAProgramThatUsesOneGroupStaysSmall(t *testing.T) {
	name := filepath.Join(t.TempDir(), "podsonly")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", name, podsOnly).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MB", float64(info.Size())/1e6)
	if info.Size() > sizeLimit {
		t.Errorf("its binary has %d bytes, the limit is %d. A call of reflect's Method or MethodByName with a name that is no constant, "+
			"such as in text/template, makes the linker keep every method.", info.Size(), sizeLimit)
	}
}
