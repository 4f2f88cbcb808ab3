package apitest_test

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/apitest"
	"github.com/sheaf-dev/sheaf/resource"
	resourceapps "github.com/sheaf-dev/sheaf/resource/apps/v1"
	resourcebatch "github.com/sheaf-dev/sheaf/resource/batch/v1"
)

func TestTablesShowOfWorkloadsWhatPeopleLookFor(t *testing.T) {
	inFakeTime(t, apitest.Options{}, func(t *testing.T, srv *apitest.Server, c client) {
		meta := metav1.ObjectMeta{Namespace: "default", Name: "a"}
		selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "a"}}
		template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i:1"}, {Name: "d", Image: "j:2"}}}}
		three := int32(3)
		zone := "Europe/Rome"
		for _, err := range []error{
			apitest.In(srv, resourceapps.Deployments).Put(&appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Replicas: &three, Selector: selector, Template: template},
				Status: appsv1.DeploymentStatus{ReadyReplicas: 2, UpdatedReplicas: 3, AvailableReplicas: 2}}),
			apitest.In(srv, resourceapps.StatefulSets).Put(&appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Selector: selector, Template: template}}),
			apitest.In(srv, resourceapps.DaemonSets).Put(&appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{Selector: selector, Template: template}}),
			apitest.In(srv, resourcebatch.Jobs).Put(&batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{Parallelism: &three, Template: template},
				Status: batchv1.JobStatus{Succeeded: 1, Conditions: []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue}}}}),
			apitest.In(srv, resourcebatch.CronJobs).Put(&batchv1.CronJob{ObjectMeta: meta, Spec: batchv1.CronJobSpec{Schedule: "@daily", TimeZone: &zone,
				JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template}}}}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for path, want := range map[string]string{
			"apps/v1/namespaces/default/deployments":  "Name=a Ready=2/3 Up-to-date=3 Available=2 Age=0s (Containers=c,d) (Images=i:1,j:2) (Selector=app=a)",
			"apps/v1/namespaces/default/statefulsets": "Name=a Ready=0/1 Age=0s (Containers=c,d) (Images=i:1,j:2)",
			"apps/v1/namespaces/default/daemonsets": "Name=a Desired=0 Current=0 Ready=0 Up-to-date=0 Available=0 Node Selector=<none> Age=0s " +
				"(Containers=c,d) (Images=i:1,j:2) (Selector=app=a)",
			"batch/v1/namespaces/default/jobs": "Name=a Status=Failed Completions=1/1 of 3 Duration= Age=0s (Containers=c,d) (Images=i:1,j:2) (Selector=<none>)",
			"batch/v1/namespaces/default/cronjobs": "Name=a Schedule=@daily Timezone=Europe/Rome Suspend=False Active=0 Last Schedule=<none> Age=0s " +
				"(Containers=c,d) (Images=i:1,j:2) (Selector=<none>)",
		} {
			var table metav1.Table
			c.must(200, &table, "GET", "/apis/"+path, nil, "Accept", asTable)
			if got := rowOf(table); got != want {
				t.Errorf("%s\nhave %s\nwant %s", path, got, want)
			}
		}
	})
}

func TestATableOfAResourceThatOnlySharesItsNameWithABuiltInOneHasEmptyCells(t *testing.T) {
	own := resource.Define[*widget]("apps", "v9", "deployments", "Deployment", resource.Namespaced)
	inFakeTime(t, apitest.Options{Resources: []apitest.Definer{own}}, func(t *testing.T, srv *apitest.Server, c client) {
		w := own.New()
		w.Namespace, w.Name = "default", "a"
		if err := apitest.In(srv, own).Put(w); err != nil {
			t.Fatal(err)
		}
		var table metav1.Table
		c.must(200, &table, "GET", "/apis/apps/v9/namespaces/default/deployments", nil, "Accept", asTable)
		if row := rowOf(table); !strings.HasPrefix(row, "Name=a Ready=<nil>") {
			t.Fatal(row)
		}
	})
}

// rowOf writes the first row of a table with the names of its columns; those that are shown on a wide screen only in parentheses.
func rowOf(table metav1.Table) string {
	var cells []string
	for i, column := range table.ColumnDefinitions {
		text := fmt.Sprintf("%s=%v", column.Name, table.Rows[0].Cells[i])
		if column.Priority > 0 {
			text = "(" + text + ")"
		}
		cells = append(cells, text)
	}
	return strings.Join(cells, " ")
}
