// Package objects applies the rules of the API to the history: what creating, updating and deleting an object means for its
// metadata, its status, its finalizers and its resourceVersion. It knows nothing of HTTP; its errors are *apierrors.StatusError.
package objects
