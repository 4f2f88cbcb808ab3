package clientcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

var errBoth = errors.New("there are both a file and data")

// lockPatience is how long Modify waits for a lock that somebody else holds.
const lockPatience = 10 * time.Second

// Modify changes one kubeconfig file: it reads it (or starts with an empty one), calls change, and writes the result back, unless
// change fails. Meanwhile it holds the lock that kubectl uses, the file's name with ".lock" after it, so that no change is lost. Readers see
// the old content or the new one. Fields that this package does not know are kept; comments and the order of entries are not.
//
// A symbolic link is followed. A new file, and directories above it, are readable by the user alone.
func Modify(ctx context.Context, path string, change func(*File) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	unlock, err := lock(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	f, err := LoadFromFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = newFile(), nil
	}
	if err != nil {
		return err
	}
	if err := change(f); err != nil {
		return err
	}
	data, err := f.Bytes()
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	if err := replace(path, data); err != nil {
		return fmt.Errorf("kubeconfig %s: %w", path, err)
	}
	return nil
}

// lock creates the lock file, waiting for somebody else to remove theirs.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	name := path + ".lock"
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL, 0)
		if err == nil {
			file.Close()
			return func() { os.Remove(name) }, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("kubeconfig %s: lock: %w", path, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("kubeconfig %s is locked: somebody else is changing it, or left %s behind: %w", path, name, context.Cause(ctx))
		case <-time.After(wait):
		}
	}
}

// replace writes a file so that there is never half of it.
func replace(path string, data []byte) error {
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // fails after the rename
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close())
	if err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// Origin returns the file that the entry was read from, "" if none.
func (c *Cluster) Origin() string { return c.origin }

// Origin returns the file that the entry was read from, "" if none.
func (u *User) Origin() string { return u.origin }

// Origin returns the file that the entry was read from, "" if none.
func (c *Context) Origin() string { return c.origin }
