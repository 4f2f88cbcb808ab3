package kinds

import (
	"fmt"
	"strconv"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

var scaleRow = func() []cell {
	cells := scaleCells(docOf(autoscalingv1.ScaleSpec{}, "replicas"), docOf(autoscalingv1.ScaleStatus{}, "replicas"))
	cells[0].format = "" // the real server's own omission
	return cells
}()

var customScaleRow = func() []cell {
	cells := scaleCells("Number of desired replicas", "Number of actual replicas")
	cells[len(cells)-1].kind = "date"
	return cells
}()

func scaleCells(desired, available string) []cell {
	return row(
		column("Desired", "integer", desired, func(s *autoscalingv1.Scale) any { return int64(s.Spec.Replicas) }),
		column("Available", "integer", available, func(s *autoscalingv1.Scale) any { return int64(s.Status.Replicas) }),
	)
}

var autoscalerRow = row(
	column("Reference", "string", docOf(autoscalingv2.HorizontalPodAutoscalerSpec{}, "scaleTargetRef"), func(a *autoscalingv2.HorizontalPodAutoscaler) any {
		return a.Spec.ScaleTargetRef.Kind + "/" + a.Spec.ScaleTargetRef.Name
	}),
	column("Targets", "string", docOf(autoscalingv2.HorizontalPodAutoscalerSpec{}, "metrics"), func(a *autoscalingv2.HorizontalPodAutoscaler) any { return autoscalerTargets(a) }),
	column("MinPods", "string", docOf(autoscalingv2.HorizontalPodAutoscalerSpec{}, "minReplicas"), func(a *autoscalingv2.HorizontalPodAutoscaler) any { return orUnset(a.Spec.MinReplicas) }),
	column("MaxPods", "string", docOf(autoscalingv2.HorizontalPodAutoscalerSpec{}, "maxReplicas"), func(a *autoscalingv2.HorizontalPodAutoscaler) any { return int64(a.Spec.MaxReplicas) }),
	column("Replicas", "string", docOf(autoscalingv2.HorizontalPodAutoscalerStatus{}, "currentReplicas"), func(a *autoscalingv2.HorizontalPodAutoscaler) any {
		return int64(a.Status.CurrentReplicas)
	}),
)

// autoscalerTargets tells of the first two metrics what is and what should be.
func autoscalerTargets(a *autoscalingv2.HorizontalPodAutoscaler) string {
	const shown = 2
	var all []string
	for i, metric := range a.Spec.Metrics {
		var current autoscalingv2.MetricStatus
		if i < len(a.Status.CurrentMetrics) {
			current = a.Status.CurrentMetrics[i]
		}
		all = append(all, autoscalerTarget(metric, current))
	}
	switch {
	case len(all) == 0:
		return "<none>"
	case len(all) > shown:
		return fmt.Sprintf("%s + %d more...", strings.Join(all[:shown], ", "), len(all)-shown)
	}
	return strings.Join(all, ", ")
}

func autoscalerTarget(metric autoscalingv2.MetricSpec, current autoscalingv2.MetricStatus) string {
	switch {
	case metric.Resource != nil:
		return metric.Resource.Name.String() + ": " + ratio(metric.Resource.Target, zeroIfNil(current.Resource).Current)
	case metric.ContainerResource != nil:
		return metric.ContainerResource.Name.String() + ": " + ratio(metric.ContainerResource.Target, zeroIfNil(current.ContainerResource).Current)
	case metric.Pods != nil:
		return ratio(metric.Pods.Target, zeroIfNil(current.Pods).Current)
	case metric.Object != nil:
		return averaged(metric.Object.Target, zeroIfNil(current.Object).Current)
	case metric.External != nil:
		return averaged(metric.External.Target, zeroIfNil(current.External).Current)
	}
	return "<unknown type>"
}

// averaged is ratio, which says so where it is one of averages.
func averaged(target autoscalingv2.MetricTarget, current autoscalingv2.MetricValueStatus) string {
	text := ratio(target, current)
	if target.AverageValue != nil {
		text += " (avg)"
	}
	return text
}

// ratio is what is over what should be, of the value that the target names.
func ratio(target autoscalingv2.MetricTarget, current autoscalingv2.MetricValueStatus) string {
	is, should := "<unknown>", "<auto>"
	switch {
	case target.AverageValue != nil:
		should = target.AverageValue.String()
		if current.AverageValue != nil {
			is = current.AverageValue.String()
		}
	case target.AverageUtilization != nil:
		should = strconv.Itoa(int(*target.AverageUtilization)) + "%"
		if current.AverageUtilization != nil {
			is = strconv.Itoa(int(*current.AverageUtilization)) + "%"
		}
	case target.Value != nil:
		should = target.Value.String()
		if current.Value != nil {
			is = current.Value.String()
		}
	}
	return is + "/" + should
}
