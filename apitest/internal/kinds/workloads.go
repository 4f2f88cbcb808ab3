package kinds

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/sheaf-dev/sheaf/resource"
)

var deploymentRow = templateRow(docOf(appsv1.DeploymentSpec{}, "selector"), func(d *appsv1.Deployment) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &d.Spec.Template.Spec, d.Spec.Selector
},
	column("Ready", "string", "Number of the pod with ready state", func(d *appsv1.Deployment) any {
		return fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, replicas(d.Spec.Replicas))
	}),
	column("Up-to-date", "string", docOf(appsv1.DeploymentStatus{}, "updatedReplicas"), func(d *appsv1.Deployment) any { return int64(d.Status.UpdatedReplicas) }),
	column("Available", "string", docOf(appsv1.DeploymentStatus{}, "availableReplicas"), func(d *appsv1.Deployment) any { return int64(d.Status.AvailableReplicas) }),
)

var replicaSetRow = templateRow(docOf(appsv1.ReplicaSetSpec{}, "selector"), func(r *appsv1.ReplicaSet) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &r.Spec.Template.Spec, r.Spec.Selector
},
	column("Desired", "integer", docOf(appsv1.ReplicaSetSpec{}, "replicas"), func(r *appsv1.ReplicaSet) any { return int64(replicas(r.Spec.Replicas)) }),
	column("Current", "integer", docOf(appsv1.ReplicaSetStatus{}, "replicas"), func(r *appsv1.ReplicaSet) any { return int64(r.Status.Replicas) }),
	column("Ready", "integer", docOf(appsv1.ReplicaSetStatus{}, "readyReplicas"), func(r *appsv1.ReplicaSet) any { return int64(r.Status.ReadyReplicas) }),
)

var statefulSetRow = templateRow("", func(s *appsv1.StatefulSet) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &s.Spec.Template.Spec, nil
},
	column("Ready", "string", "Number of the pod with ready state", func(s *appsv1.StatefulSet) any {
		return fmt.Sprintf("%d/%d", s.Status.ReadyReplicas, replicas(s.Spec.Replicas))
	}),
)

var daemonSetRow = templateRow(docOf(appsv1.DaemonSetSpec{}, "selector"), func(d *appsv1.DaemonSet) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &d.Spec.Template.Spec, d.Spec.Selector
},
	column("Desired", "integer", docOf(appsv1.DaemonSetStatus{}, "desiredNumberScheduled"), func(d *appsv1.DaemonSet) any { return int64(d.Status.DesiredNumberScheduled) }),
	column("Current", "integer", docOf(appsv1.DaemonSetStatus{}, "currentNumberScheduled"), func(d *appsv1.DaemonSet) any { return int64(d.Status.CurrentNumberScheduled) }),
	column("Ready", "integer", docOf(appsv1.DaemonSetStatus{}, "numberReady"), func(d *appsv1.DaemonSet) any { return int64(d.Status.NumberReady) }),
	column("Up-to-date", "integer", docOf(appsv1.DaemonSetStatus{}, "updatedNumberScheduled"), func(d *appsv1.DaemonSet) any { return int64(d.Status.UpdatedNumberScheduled) }),
	column("Available", "integer", docOf(appsv1.DaemonSetStatus{}, "numberAvailable"), func(d *appsv1.DaemonSet) any { return int64(d.Status.NumberAvailable) }),
	column("Node Selector", "string", docOf(corev1.PodSpec{}, "nodeSelector"), func(d *appsv1.DaemonSet) any {
		return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: d.Spec.Template.Spec.NodeSelector})
	}),
)

var jobRow = templateRow(docOf(batchv1.JobSpec{}, "selector"), func(j *batchv1.Job) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &j.Spec.Template.Spec, j.Spec.Selector
},
	column("Status", "string", "Status of the job.", func(j *batchv1.Job) any { return jobStatus(j) }),
	column("Completions", "string", docOf(batchv1.JobStatus{}, "succeeded"), func(j *batchv1.Job) any {
		return completions(j)
	}),
	timedColumn("Duration", "string", "Time required to complete the job.", func(j *batchv1.Job, now time.Time) any {
		switch {
		case j.Status.StartTime == nil:
			return ""
		case j.Status.CompletionTime != nil:
			now = j.Status.CompletionTime.Time
		}
		return duration.HumanDuration(now.Sub(j.Status.StartTime.Time))
	}),
)

var cronJobRow = templateRow(docOf(batchv1.JobSpec{}, "selector"), func(c *batchv1.CronJob) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &c.Spec.JobTemplate.Spec.Template.Spec, c.Spec.JobTemplate.Spec.Selector
},
	column("Schedule", "string", docOf(batchv1.CronJobSpec{}, "schedule"), func(c *batchv1.CronJob) any { return c.Spec.Schedule }),
	column("Timezone", "string", docOf(batchv1.CronJobSpec{}, "timeZone"), func(c *batchv1.CronJob) any { return orNone(zeroIfNil(c.Spec.TimeZone)) }),
	column("Suspend", "boolean", docOf(batchv1.CronJobSpec{}, "suspend"), func(c *batchv1.CronJob) any {
		if zeroIfNil(c.Spec.Suspend) {
			return "True"
		}
		return "False"
	}),
	column("Active", "integer", docOf(batchv1.CronJobStatus{}, "active"), func(c *batchv1.CronJob) any { return int64(len(c.Status.Active)) }),
	timedColumn("Last Schedule", "string", docOf(batchv1.CronJobStatus{}, "lastScheduleTime"), func(c *batchv1.CronJob, now time.Time) any {
		return ageOrNone(c.Status.LastScheduleTime, now)
	}),
)

// templateRow is the row of a kind that has a template of pods, with what is told of it beside that.
func templateRow[T resource.Object](selectorDoc string, parts func(T) (*corev1.PodSpec, *metav1.LabelSelector), told ...cell) []cell {
	return row(append(told, templateCells(selectorDoc, parts)...)...)
}

// templateCells are the wide columns of a kind that has a template of pods. Without a description there is no column of the selector.
func templateCells[T resource.Object](selectorDoc string, parts func(T) (*corev1.PodSpec, *metav1.LabelSelector)) []cell {
	cells := containerCells(func(o T) *corev1.PodSpec {
		spec, _ := parts(o)
		return spec
	})
	for i := range cells {
		cells[i].wide = true
	}
	if selectorDoc != "" {
		cells = append(cells, column("Selector", "string", selectorDoc, func(o T) any {
			_, selector := parts(o)
			return metav1.FormatLabelSelector(selector)
		}).onlyWide())
	}
	return cells
}

// containerCells are the columns of the names and images of a template's containers.
func containerCells[T resource.Object](spec func(T) *corev1.PodSpec) []cell {
	each := func(value func(corev1.Container) string) func(T) any {
		return func(o T) any { return strings.Join(texts(spec(o).Containers, value), ",") }
	}
	return []cell{
		column("Containers", "string", "Names of each container in the template.", each(func(c corev1.Container) string { return c.Name })),
		column("Images", "string", "Images referenced by each container in the template.", each(func(c corev1.Container) string { return c.Image })),
	}
}

var podTemplateRow = append(append([]cell{nameCell}, containerCells(func(t *corev1.PodTemplate) *corev1.PodSpec { return &t.Template.Spec })...),
	column("Pod Labels", "string", "The labels for the pod template.", func(t *corev1.PodTemplate) any { return labels.FormatLabels(t.Template.Labels) }))

var replicationControllerRow = templateRow(docOf(corev1.ReplicationControllerSpec{}, "selector"), func(r *corev1.ReplicationController) (*corev1.PodSpec, *metav1.LabelSelector) {
	template := zeroIfNil(r.Spec.Template)
	return &template.Spec, &metav1.LabelSelector{MatchLabels: r.Spec.Selector}
},
	column("Desired", "integer", docOf(corev1.ReplicationControllerSpec{}, "replicas"), func(r *corev1.ReplicationController) any { return int64(replicas(r.Spec.Replicas)) }),
	column("Current", "integer", docOf(corev1.ReplicationControllerStatus{}, "replicas"), func(r *corev1.ReplicationController) any { return int64(r.Status.Replicas) }),
	column("Ready", "integer", docOf(corev1.ReplicationControllerStatus{}, "readyReplicas"), func(r *corev1.ReplicationController) any { return int64(r.Status.ReadyReplicas) }),
)

var revisionRow = row(
	column("Controller", "string", "Controller of the object", func(r *appsv1.ControllerRevision) any {
		owner := metav1.GetControllerOf(r)
		if owner == nil {
			return "<none>"
		}
		group, _, _ := strings.Cut(owner.APIVersion, "/")
		if group == owner.APIVersion { // the core group, whose apiVersion is its version alone
			group = ""
		}
		return qualified(strings.ToLower(owner.Kind), group) + "/" + owner.Name
	}),
	column("Revision", "string", docOf(appsv1.ControllerRevision{}, "revision"), func(r *appsv1.ControllerRevision) any { return r.Revision }),
)

// jobStatus is the one word for a job's state.
func jobStatus(j *batchv1.Job) string {
	has := func(kind batchv1.JobConditionType) bool {
		return slices.ContainsFunc(j.Status.Conditions, func(c batchv1.JobCondition) bool { return c.Type == kind && c.Status == corev1.ConditionTrue })
	}
	switch {
	case has(batchv1.JobComplete):
		return "Complete"
	case has(batchv1.JobFailed):
		return "Failed"
	case j.DeletionTimestamp != nil:
		return "Terminating"
	case has(batchv1.JobSuspended):
		return "Suspended"
	case has(batchv1.JobFailureTarget):
		return "FailureTarget"
	case has(batchv1.JobSuccessCriteriaMet):
		return "SuccessCriteriaMet"
	}
	return "Running"
}

// completions is how many pods of a job have succeeded, of how many. Where the job does not say, one of its parallel pods is enough.
func completions(j *batchv1.Job) string {
	if j.Spec.Completions == nil && replicas(j.Spec.Parallelism) > 1 {
		return fmt.Sprintf("%d/1 of %d", j.Status.Succeeded, *j.Spec.Parallelism)
	}
	return fmt.Sprintf("%d/%d", j.Status.Succeeded, replicas(j.Spec.Completions))
}

func replicas(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}
