package cache

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTheMemoryOfATimeIsThatOfItsField(t *testing.T) {
	never, created := &v1.Pod{}, &v1.Pod{}
	created.CreationTimestamp = metav1.NewTime(time.Now())
	if memoryOf(never) != memoryOf(created) {
		t.Errorf("a pod takes %d bytes, with a time %d: the time zone is not its own", memoryOf(never), memoryOf(created))
	}
}
