// Package manage keeps metadata.managedFields: who has set which field, and what a server-side apply makes of it. The merging is
// that of apimachinery; this package gives it the types, from the captured OpenAPI or from a custom resource's schema.
package manage
