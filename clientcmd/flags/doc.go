// Package flags binds kubectl's connection flags to a flag set.
//
//	Beside stage 2. In: a command line. Out: a clientcmd.ClientConfig. Owner: the caller. Next: clientcmd.
//
// It is a package of its own so that programs without pflag do not link it.
package flags
