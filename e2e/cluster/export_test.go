package cluster

// Processes are the ids of the two servers.
func (c *Cluster) Processes() []int {
	return []int{c.apiServer.cmd.Process.Pid, c.etcd.cmd.Process.Pid}
}
