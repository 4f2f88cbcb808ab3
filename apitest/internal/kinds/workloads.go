package kinds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/sheaf-dev/sheaf/resource"
)

var deploymentCells = append([]cell{
	column("Ready", "string", "Number of the pod with ready state", func(d *appsv1.Deployment) any {
		return fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, replicas(d.Spec.Replicas))
	}),
	column("Up-to-date", "string", appsv1.DeploymentStatus{}.SwaggerDoc()["updatedReplicas"], func(d *appsv1.Deployment) any { return int64(d.Status.UpdatedReplicas) }),
	column("Available", "string", appsv1.DeploymentStatus{}.SwaggerDoc()["availableReplicas"], func(d *appsv1.Deployment) any { return int64(d.Status.AvailableReplicas) }),
}, templateCells(appsv1.DeploymentSpec{}.SwaggerDoc()["selector"], func(d *appsv1.Deployment) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &d.Spec.Template.Spec, d.Spec.Selector
})...)

var replicaSetCells = append([]cell{
	column("Desired", "integer", appsv1.ReplicaSetSpec{}.SwaggerDoc()["replicas"], func(r *appsv1.ReplicaSet) any { return int64(replicas(r.Spec.Replicas)) }),
	column("Current", "integer", appsv1.ReplicaSetStatus{}.SwaggerDoc()["replicas"], func(r *appsv1.ReplicaSet) any { return int64(r.Status.Replicas) }),
	column("Ready", "integer", appsv1.ReplicaSetStatus{}.SwaggerDoc()["readyReplicas"], func(r *appsv1.ReplicaSet) any { return int64(r.Status.ReadyReplicas) }),
}, templateCells(appsv1.ReplicaSetSpec{}.SwaggerDoc()["selector"], func(r *appsv1.ReplicaSet) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &r.Spec.Template.Spec, r.Spec.Selector
})...)

var statefulSetCells = append([]cell{
	column("Ready", "string", "Number of the pod with ready state", func(s *appsv1.StatefulSet) any {
		return fmt.Sprintf("%d/%d", s.Status.ReadyReplicas, replicas(s.Spec.Replicas))
	}),
}, templateCells("", func(s *appsv1.StatefulSet) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &s.Spec.Template.Spec, nil
})...)

var daemonSetCells = append([]cell{
	column("Desired", "integer", appsv1.DaemonSetStatus{}.SwaggerDoc()["desiredNumberScheduled"], func(d *appsv1.DaemonSet) any { return int64(d.Status.DesiredNumberScheduled) }),
	column("Current", "integer", appsv1.DaemonSetStatus{}.SwaggerDoc()["currentNumberScheduled"], func(d *appsv1.DaemonSet) any { return int64(d.Status.CurrentNumberScheduled) }),
	column("Ready", "integer", appsv1.DaemonSetStatus{}.SwaggerDoc()["numberReady"], func(d *appsv1.DaemonSet) any { return int64(d.Status.NumberReady) }),
	column("Up-to-date", "integer", appsv1.DaemonSetStatus{}.SwaggerDoc()["updatedNumberScheduled"], func(d *appsv1.DaemonSet) any { return int64(d.Status.UpdatedNumberScheduled) }),
	column("Available", "integer", appsv1.DaemonSetStatus{}.SwaggerDoc()["numberAvailable"], func(d *appsv1.DaemonSet) any { return int64(d.Status.NumberAvailable) }),
	column("Node Selector", "string", corev1.PodSpec{}.SwaggerDoc()["nodeSelector"], func(d *appsv1.DaemonSet) any {
		return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: d.Spec.Template.Spec.NodeSelector})
	}),
}, templateCells(appsv1.DaemonSetSpec{}.SwaggerDoc()["selector"], func(d *appsv1.DaemonSet) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &d.Spec.Template.Spec, d.Spec.Selector
})...)

var jobCells = append([]cell{
	column("Status", "string", "Status of the job.", func(j *batchv1.Job) any { return jobStatus(j) }),
	column("Completions", "string", batchv1.JobStatus{}.SwaggerDoc()["succeeded"], func(j *batchv1.Job) any {
		return completions(j)
	}),
	{name: "Duration", kind: "string", description: "Time required to complete the job.", value: func(o resource.Object, now time.Time) any {
		j, ok := o.(*batchv1.Job)
		switch {
		case !ok:
			return nil
		case j.Status.StartTime == nil:
			return ""
		case j.Status.CompletionTime != nil:
			now = j.Status.CompletionTime.Time
		}
		return duration.HumanDuration(now.Sub(j.Status.StartTime.Time))
	}},
}, templateCells(batchv1.JobSpec{}.SwaggerDoc()["selector"], func(j *batchv1.Job) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &j.Spec.Template.Spec, j.Spec.Selector
})...)

var cronJobCells = append([]cell{
	column("Schedule", "string", batchv1.CronJobSpec{}.SwaggerDoc()["schedule"], func(c *batchv1.CronJob) any { return c.Spec.Schedule }),
	column("Timezone", "string", batchv1.CronJobSpec{}.SwaggerDoc()["timeZone"], func(c *batchv1.CronJob) any { return orNone(deref(c.Spec.TimeZone)) }),
	column("Suspend", "boolean", batchv1.CronJobSpec{}.SwaggerDoc()["suspend"], func(c *batchv1.CronJob) any {
		return strconv.FormatBool(c.Spec.Suspend != nil && *c.Spec.Suspend)
	}),
	column("Active", "integer", batchv1.CronJobStatus{}.SwaggerDoc()["active"], func(c *batchv1.CronJob) any { return int64(len(c.Status.Active)) }),
	{name: "Last Schedule", kind: "string", description: batchv1.CronJobStatus{}.SwaggerDoc()["lastScheduleTime"], value: func(o resource.Object, now time.Time) any {
		c, ok := o.(*batchv1.CronJob)
		switch {
		case !ok:
			return nil
		case c.Status.LastScheduleTime == nil:
			return "<none>"
		}
		return age(*c.Status.LastScheduleTime, now)
	}},
}, templateCells(batchv1.JobSpec{}.SwaggerDoc()["selector"], func(c *batchv1.CronJob) (*corev1.PodSpec, *metav1.LabelSelector) {
	return &c.Spec.JobTemplate.Spec.Template.Spec, c.Spec.JobTemplate.Spec.Selector
})...)

// templateCells are the wide columns of a kind that has a template of pods. Without a description there is no column of the selector.
func templateCells[T resource.Object](selectorDoc string, parts func(T) (*corev1.PodSpec, *metav1.LabelSelector)) []cell {
	each := func(value func(corev1.Container) string) func(T) any {
		return func(o T) any {
			spec, _ := parts(o)
			var texts []string
			for _, c := range spec.Containers {
				texts = append(texts, value(c))
			}
			return strings.Join(texts, ",")
		}
	}
	cells := []cell{
		column("Containers", "string", "Names of each container in the template.", each(func(c corev1.Container) string { return c.Name })).onlyWide(),
		column("Images", "string", "Images referenced by each container in the template.", each(func(c corev1.Container) string { return c.Image })).onlyWide(),
	}
	if selectorDoc != "" {
		cells = append(cells, column("Selector", "string", selectorDoc, func(o T) any {
			_, selector := parts(o)
			return metav1.FormatLabelSelector(selector)
		}).onlyWide())
	}
	return cells
}

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

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
