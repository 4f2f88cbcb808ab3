package api

import (
	"fmt"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/sheaf-dev/sheaf/apitest/internal/manage"
	"github.com/sheaf-dev/sheaf/apitest/internal/objects"
	"github.com/sheaf-dev/sheaf/resource"
)

// create makes the object of the body.
func (q *request) create() error {
	obj, options, err := q.posted()
	if err != nil {
		return err
	}
	if obj, err = q.managed(nil, obj, options); err != nil {
		return err
	}
	v, err := q.api.objects.Create(q.kind, obj, options.dryRun)
	if err != nil {
		return err
	}
	return q.sendVersion(http.StatusCreated, v)
}

// posted is what a request creates: the object of the body, checked against the path, and the options.
func (q *request) posted() (resource.Object, writeOptions, error) {
	options, err := q.writeOptions("CreateOptions")
	if err != nil {
		return nil, options, err
	}
	obj, err := q.object(q.kind)
	if err != nil {
		return nil, options, err
	}
	return obj, options, q.checkNames(obj)
}

// update replaces an object, or its status, by the body.
func (q *request) update() error {
	options, err := q.writeOptions("UpdateOptions")
	if err != nil {
		return err
	}
	obj, err := q.object(q.kind)
	if err != nil {
		return err
	}
	if err := q.checkNames(obj); err != nil {
		return err
	}
	v, created, err := q.api.objects.Update(q.kind, objects.Change{
		Namespace: q.Namespace, Name: q.Name, Subresource: q.Subresource, DryRun: options.dryRun,
		Upsert: q.kind.Facts.CreateOnUpdate && q.Subresource == "", Whole: true,
		Make: func(current resource.Object) (resource.Object, error) {
			return q.managed(current, resource.Copy(obj), options)
		},
	})
	if err != nil {
		return err
	}
	return q.sendVersion(createdCode(created), v)
}

// advise notes what to say about the names of new finalizers of custom resources. Built-in ones are refused if their names are unqualified.
func (q *request) advise(current, next resource.Object) {
	q.advice = nil
	if q.kind.Custom() == nil || q.Subresource != "" {
		return
	}
	var known []string
	if current != nil {
		known = current.GetFinalizers()
	}
	for _, name := range next.GetFinalizers() {
		if !slices.Contains(known, name) && !objects.IsQualifiedFinalizer(name) {
			q.advice = append(q.advice, fmt.Sprintf("metadata.finalizers: %q: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers", name))
		}
	}
}

// managed returns the next state with its managed fields. Of an object that nobody has applied yet they may be left out.
func (q *request) managed(current, next resource.Object, options writeOptions) (resource.Object, error) {
	q.advise(current, next)
	if q.api.options.NoManagedFields && (current == nil || len(current.GetManagedFields()) == 0) {
		return next, nil
	}
	return q.api.fields.Update(q.kind, q.Subresource, current, next, manage.ManagerName(options.manager, q.r.UserAgent()))
}

func createdCode(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusOK
}

// delete deletes one object.
func (q *request) delete() error {
	options, err := q.deleteOptions()
	if err != nil {
		return err
	}
	v, deleted, err := q.api.objects.Delete(q.kind, q.Namespace, q.Name, *options)
	if err != nil {
		return err
	}
	code := http.StatusOK
	//lint:ignore SA1019 the real server honours it
	if orphan := options.OrphanDependents; !deleted && orphan != nil && !*orphan {
		code = http.StatusAccepted
	}
	if !deleted || q.kind.Facts.ReturnDeleted {
		return q.sendVersion(code, v)
	}
	q.sendStatus(code, &metav1.Status{Status: metav1.StatusSuccess, Details: &metav1.StatusDetails{
		Name: v.Name, Group: q.kind.GVR().Group, Kind: q.kind.GVR().Resource, UID: types.UID(v.UID),
	}})
	return nil
}

// deleteOptions reads the options from the body, or else from the parameters.
func (q *request) deleteOptions() (*metav1.DeleteOptions, error) {
	data, err := q.readBody()
	if err != nil {
		return nil, err
	}
	options := &metav1.DeleteOptions{}
	if len(data) > 0 {
		err = q.decodeOptions(data, options)
	} else {
		err = metav1.Convert_url_Values_To_v1_DeleteOptions(&q.query, options, nil)
	}
	if err != nil {
		return nil, badRequest(err)
	}
	if problems := validation.ValidateDeleteOptions(options); len(problems) > 0 {
		return nil, apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "DeleteOptions"}, "", problems)
	}
	return options, nil
}

// deleteCollection deletes all objects that a list with the same parameters would return.
func (q *request) deleteCollection() error {
	s, err := q.selection(false)
	if err != nil {
		return err
	}
	options, err := q.deleteOptions()
	if err != nil {
		return err
	}
	page, token, err := q.page(s)
	if err != nil {
		return err
	}
	for _, v := range page.Versions {
		_, _, err := q.api.objects.Delete(q.kind, v.Namespace, v.Name, *options)
		if err != nil && !apierrors.IsNotFound(err) { // somebody else may have been faster
			return err
		}
	}
	return q.sendList(page.Versions, metav1.ListMeta{ResourceVersion: objects.Revision(page.Revision), Continue: token})
}
