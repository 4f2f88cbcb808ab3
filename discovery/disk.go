package discovery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/klog/v2"
)

// file is a catalog on disk: a line with the form's name and a checksum, then JSON. It is replaced as a whole by renaming, so that a reader
// in another program sees the old one or the new one.
type file struct{ path string }

// form is the first word of a file. A change of what follows changes it.
const form = "sheaf-discovery/1"

// newFile returns the file for a server in the folder. Its name shows the server; the hash tells apart what looks the same after
// characters were replaced.
func newFile(dir, host string) *file {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-':
			return r
		}
		return '_'
	}, strings.TrimPrefix(strings.TrimPrefix(host, "https://"), "http://"))
	sum := sha256.Sum256([]byte(host))
	return &file{filepath.Join(dir, fmt.Sprintf("%.100s-%x.catalog", name, sum[:4]))}
}

// errDamaged is why a file is not used.
var errDamaged = errors.New("the checksum is wrong")

// content is what a file holds.
type content struct {
	Fetched   time.Time   `json:"fetched"`
	Documents [2]document `json:"documents"`
}

// read returns the catalog in the file, or nil if there is none that can be used.
func (f *file) read(ctx context.Context) *Catalog {
	data, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var c content
	if err == nil {
		c, err = parse(data)
	}
	if err != nil {
		klog.FromContext(ctx).V(2).Info("Not using the discovery catalog on disk", "file", f.path, "why", err.Error())
		return nil
	}
	return newCatalog(c.Fetched, c.Documents)
}

func parse(data []byte) (content, error) {
	head, body, _ := bytes.Cut(data, []byte("\n"))
	name, sum, _ := strings.Cut(string(head), " ")
	if name != form {
		return content{}, fmt.Errorf("want a file of form %s, have %.30q", form, name)
	}
	if sum != checksum(body) {
		return content{}, errDamaged
	}
	var c content
	return c, json.Unmarshal(body, &c)
}

func checksum(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// write replaces the file. A failure costs only time later, so that it is logged and not returned.
func (f *file) write(ctx context.Context, c *Catalog) {
	if err := f.replace(content{Fetched: c.fetched, Documents: c.documents}); err != nil {
		klog.FromContext(ctx).Error(err, "The discovery catalog was not written to disk", "file", f.path)
	}
}

func (f *file) replace(c content) (err error) {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary.Name())
		}
	}()
	_, err = fmt.Fprintf(temporary, "%s %s\n%s", form, checksum(body), body)
	// Nothing is synced: if the machine crashes before the content is on disk, the checksum says so to the next reader.
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), f.path)
}
