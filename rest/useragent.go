package rest

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
)

// DefaultUserAgent returns what a Config without a UserAgent sends: "program/version (os/arch) sheaf/version", where the versions are
// those in the binary's build information.
func DefaultUserAgent() string { return defaultUserAgent() }

var defaultUserAgent = sync.OnceValue(func() string {
	program, library := "unknown", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		program = versionOf(info.Main)
		library = libraryVersion(info)
	}
	name := filepath.Base(os.Args[0])
	return name + "/" + program + " (" + runtime.GOOS + "/" + runtime.GOARCH + ") sheaf/" + library
})

const modulePath = "github.com/sheaf-dev/sheaf"

func libraryVersion(info *debug.BuildInfo) string {
	if info.Main.Path == modulePath {
		return versionOf(info.Main)
	}
	for _, dependency := range info.Deps {
		if dependency.Path == modulePath {
			return versionOf(*dependency)
		}
	}
	return "unknown"
}

func versionOf(m debug.Module) string {
	if m.Version == "" {
		return "unknown"
	}
	return m.Version
}
