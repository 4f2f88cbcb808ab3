// Package crd makes kinds of CustomResourceDefinitions: it reads them, prunes, defaults and validates objects by their schemas, and
// tells server-side apply how they merge. Rules in CEL (x-kubernetes-validations) and conversion webhooks are not run.
package crd
