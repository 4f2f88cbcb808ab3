package cluster

import (
	"fmt"
	"io"
	"time"
)

// Options says how a cluster differs from the plain one. The zero value is the
// plain one: a server as it comes, with its default APIs and feature gates.
type Options struct {
	// APIServerFlags are added after the harness's own flags. A flag that
	// holds one value replaces the harness's; one that holds several, such as
	// --feature-gates and --runtime-config, adds to it.
	APIServerFlags []string

	// EtcdFlags are added after the harness's own flags.
	EtcdFlags []string

	// AllAPIs serves alpha and beta APIs too (--runtime-config=api/all=true).
	// The few that hang on a feature gate as well need
	// --feature-gates=AllAlpha=true,AllBeta=true.
	AllAPIs bool

	// Users may authenticate besides Admin and Guest.
	Users []User

	// StartTimeout bounds the time until the server is ready, each time it
	// is started. Zero: 2 minutes, many times what an idle machine needs.
	// The build of the programs is not counted.
	StartTimeout time.Duration

	// Dir is an empty or missing folder for the data, certificates and logs
	// of both servers; it is left in place. Empty: a temporary folder that
	// Stop removes.
	Dir string

	// Progress gets a line before something that takes minutes, that is the
	// first build. Nil: os.Stderr.
	Progress io.Writer
}

const defaultStartTimeout = 2 * time.Minute

func (o Options) startTimeout() time.Duration {
	if o.StartTimeout > 0 {
		return o.StartTimeout
	}
	return defaultStartTimeout
}

// etcdFlags are the flags of etcd with its two listeners.
func (o Options) etcdFlags(f files, clientURL, peerURL string) []string {
	return append([]string{
		"--data-dir=" + f.etcdData(),
		"--listen-client-urls=" + clientURL,
		"--advertise-client-urls=" + clientURL,
		"--listen-peer-urls=" + peerURL,
		"--initial-advertise-peer-urls=" + peerURL,
		"--initial-cluster=default=" + peerURL,
		// The data of a test need not survive a power failure.
		"--unsafe-no-fsync",
	}, o.EtcdFlags...)
}

// apiServerFlags are the flags of the API server that serves on port.
func (o Options) apiServerFlags(f files, etcdURL string, port int) []string {
	flags := []string{
		"--etcd-servers=" + etcdURL,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		// Without it the server asks for the host's address, and does not start
		// where there is none; this one is for documentation (RFC 5737).
		"--advertise-address=192.0.2.1",
		"--cert-dir=" + f.certs(),
		"--client-ca-file=" + f.clientCA(),
		"--token-auth-file=" + f.tokens(),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + f.serviceAccountKey(),
		"--service-account-signing-key-file=" + f.serviceAccountKey(),
		"--service-cluster-ip-range=10.0.0.0/24",
		// Nothing creates the service accounts that it would ask for.
		"--disable-admission-plugins=ServiceAccount",
		// By default a server that is asked to stop lets its watches run on for
		// a minute; with this it ends them, in good order, at once.
		"--shutdown-watch-termination-grace-period=5s",
		"--feature-gates=ShardedListAndWatch=true",
	}
	if o.AllAPIs {
		flags = append(flags, "--runtime-config=api/all=true")
	}
	return append(flags, o.APIServerFlags...)
}
