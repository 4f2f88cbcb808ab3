package apitest

import "github.com/sheaf-dev/sheaf/rest"

// Config returns how a client of this project reaches the server. On sockets the server must be listening; in memory it need not yet.
func (s *Server) Config() *rest.Config {
	c := &rest.Config{Host: s.URL(), DisableCompression: true}
	if s.memory != nil {
		c.Dial = s.Dial
	}
	if s.secure != nil {
		c.TLS.CAData = s.CAData()
	}
	return c
}
