package conformance

import (
	"fmt"
	"strings"
)

// sample is an object whose row is looked at: where it is created, what of it is posted beside its name, and its status.
type sample struct{ path, body, status string }

const (
	ofCore      = "$path/"
	ofCluster   = "/api/v1/"
	containers  = `"containers":[{"name":"c","image":"i:1"},{"name":"d","image":"j:2"}]`
	podTemplate = `"template":{"metadata":{"labels":{"a":"b"}},"spec":{` + containers + `}}`
	webhook     = `{"name":"w.example.com","clientConfig":{"url":"https://localhost/x"},"sideEffects":"None","admissionReviewVersions":["v1"],"failurePolicy":"Ignore"}`
)

// of is the path of a group's resource in the scenario's namespace.
func of(group, resource string) string { return "/apis/" + group + "/namespaces/$ns/" + resource }

// samples are of all kinds that have columns of their own.
var samples = []sample{
	{ofCore + "configmaps", `"data":{"a":"1","b":"2"}`, ``},
	{ofCore + "secrets", `"type":"Opaque","data":{"a":"MQ=="}`, ``},
	{ofCore + "serviceaccounts", ``, ``},
	{ofCore + "pods", `"spec":{"nodeName":"n",` + containers + `,"readinessGates":[{"conditionType":"x.com/g"}]}`,
		`"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],"conditions":[{"type":"x.com/g","status":"True"}],"containerStatuses":[{"name":"c","ready":true,"restartCount":2,"image":"i","imageID":"","state":{"running":{}}},{"name":"d","ready":false,"restartCount":0,"image":"i","imageID":"","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]`},
	{ofCore + "podtemplates", podTemplate, ``},
	{ofCore + "replicationcontrollers", `"spec":{"replicas":3,"selector":{"a":"b"},` + podTemplate + `}`, `"replicas":2,"readyReplicas":1`},
	{ofCore + "resourcequotas", `"spec":{"hard":{"pods":"4","limits.cpu":"2","requests.cpu":"1"}}`, `"hard":{"pods":"4","limits.cpu":"2","requests.cpu":"1"},"used":{"pods":"1","limits.cpu":"0","requests.cpu":"0"}`},
	{ofCore + "services", `"spec":{"type":"ExternalName","externalName":"example.com","selector":{"a":"b"},"ports":[{"name":"w","port":80,"protocol":"TCP"},{"name":"x","port":81,"protocol":"UDP"}]}`, ``},
	{ofCore + "endpoints", `"subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}],"ports":[{"name":"a","port":80,"protocol":"TCP"},{"name":"b","port":81,"protocol":"TCP"}]}]`, ``},
	{ofCore + "endpoints", ``, ``},
	{ofCore + "events", `"type":"Normal","reason":"Why","message":" what ","involvedObject":{"kind":"Pod","name":"p","namespace":"$ns","fieldPath":"spec.x"},"source":{"component":"me","host":"here"},"firstTimestamp":"1999-01-01T00:00:00Z","lastTimestamp":"1999-01-02T00:00:00Z","count":3`, ``},
	{ofCore + "persistentvolumeclaims", `"spec":{"accessModes":["ReadWriteOnce","ReadOnlyMany"],"storageClassName":"s","volumeMode":"Filesystem","volumeName":"v","resources":{"requests":{"storage":"1Gi"}}}`, `"phase":"Bound","accessModes":["ReadWriteOnce"],"capacity":{"storage":"2Gi"}`},
	{ofCore + "persistentvolumeclaims", `"spec":{"accessModes":["ReadWriteMany"],"volumeMode":"Block","resources":{"requests":{"storage":"1Gi"}}}`, `"phase":"Pending"`},
	{ofCluster + "persistentvolumes", `"spec":{"accessModes":["ReadWriteMany"],"capacity":{"storage":"1Gi"},"persistentVolumeReclaimPolicy":"Retain","storageClassName":"s","volumeMode":"Block","claimRef":{"namespace":"a","name":"b"},"csi":{"driver":"d","volumeHandle":"h"}}`, `"phase":"Released","reason":"why"`},
	{ofCluster + "nodes", `"spec":{"unschedulable":true}`, `"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"Hostname","address":"h"},{"type":"InternalIP","address":"10.0.0.1"}],"nodeInfo":{"kubeletVersion":"v1","osImage":"os","kernelVersion":"6","containerRuntimeVersion":"c://1"}`},
	{of("apps/v1", "deployments"), `"spec":{"replicas":3,"selector":{"matchLabels":{"a":"b"}},` + podTemplate + `}`, `"replicas":3,"readyReplicas":1,"updatedReplicas":2,"availableReplicas":1`},
	{of("apps/v1", "replicasets"), `"spec":{"replicas":3,"selector":{"matchLabels":{"a":"b"}},` + podTemplate + `}`, `"replicas":2,"readyReplicas":1`},
	{of("apps/v1", "statefulsets"), `"spec":{"replicas":3,"serviceName":"s","selector":{"matchLabels":{"a":"b"}},` + podTemplate + `}`, `"replicas":2,"readyReplicas":1`},
	{of("apps/v1", "daemonsets"), `"spec":{"selector":{"matchLabels":{"a":"b"}},` + podTemplate + `}`, `"desiredNumberScheduled":4,"currentNumberScheduled":3,"numberReady":2,"updatedNumberScheduled":1,"numberMisscheduled":0`},
	{of("apps/v1", "controllerrevisions"), `"revision":3,"data":{}`, ``},
	{of("batch/v1", "cronjobs"), `"spec":{"schedule":"@daily","suspend":false,"jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never",` + containers + `}}}}}`, ``},
	{of("batch/v1", "jobs"), `"spec":{"completions":3,"parallelism":2,"manualSelector":true,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"restartPolicy":"Never",` + containers + `}}}`, `"startTime":"1999-01-01T00:00:00Z","succeeded":1`},
	{of("autoscaling/v2", "horizontalpodautoscalers"), `"spec":{"minReplicas":1,"maxReplicas":5,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"},"metrics":[{"type":"External","external":{"metric":{"name":"m"},"target":{"type":"AverageValue","averageValue":"10"}}},{"type":"Object","object":{"describedObject":{"kind":"Service","name":"s"},"metric":{"name":"m"},"target":{"type":"Value","value":"2k"}}},{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"1Gi"}}}]}`, ``},
	{of("autoscaling/v2", "horizontalpodautoscalers"), `"spec":{"minReplicas":2,"maxReplicas":5,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"},"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},{"type":"Pods","pods":{"metric":{"name":"m"},"target":{"type":"AverageValue","averageValue":"10"}}}]}`,
		`"currentReplicas":3,"desiredReplicas":3,"currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":40,"averageValue":"100m"}}}]`},
	{of("networking.k8s.io/v1", "ingresses"), `"spec":{"ingressClassName":"c","tls":[{"hosts":["a.com"]}],"rules":[{"host":"a.com"},{"host":"b.com"}]}`, `"loadBalancer":{"ingress":[{"ip":"10.0.0.1"},{"hostname":"h.com"}]}`},
	{of("networking.k8s.io/v1", "ingresses"), `"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}`, ``},
	{of("networking.k8s.io/v1", "networkpolicies"), `"spec":{"podSelector":{"matchLabels":{"a":"b"}},"policyTypes":["Ingress"]}`, ``},
	{"/apis/networking.k8s.io/v1/servicecidrs", `"spec":{"cidrs":["10.1.0.0/24"]}`, ``},
	{"/apis/networking.k8s.io/v1/ingressclasses", `"spec":{"controller":"example.com/c"}`, ``},
	{"/apis/networking.k8s.io/v1/ingressclasses", `"spec":{"controller":"example.com/c","parameters":{"apiGroup":"g.com","kind":"K","name":"n","scope":"Cluster"}}`, ``},
	{of("discovery.k8s.io/v1", "endpointslices"), `"addressType":"IPv4","ports":[{"name":"a","port":80,"protocol":"TCP"},{"name":"b","port":81,"protocol":"TCP"}],"endpoints":[{"addresses":["10.0.0.1"]},{"addresses":["10.0.0.2"]},{"addresses":["10.0.0.3"]},{"addresses":["10.0.0.4"]}]`, ``},
	{of("discovery.k8s.io/v1", "endpointslices"), `"addressType":"IPv6","endpoints":[]`, ``},
	{of("policy/v1", "poddisruptionbudgets"), `"spec":{"maxUnavailable":1,"selector":{"matchLabels":{"a":"b"}}}`, ``},
	{of("policy/v1", "poddisruptionbudgets"), `"spec":{"minAvailable":"50%","selector":{"matchLabels":{"a":"b"}}}`, `"disruptionsAllowed":2,"currentHealthy":3,"desiredHealthy":1,"expectedPods":3`},
	{of("rbac.authorization.k8s.io/v1", "rolebindings"), `"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"u"},{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"v"},{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"g"},{"kind":"ServiceAccount","namespace":"n","name":"s"}]`, ``},
	{"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", `"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"g"}]`, ``},
	{"/apis/rbac.authorization.k8s.io/v1/clusterroles", `"rules":[]`, ``},
	{"/apis/certificates.k8s.io/v1/certificatesigningrequests", `"spec":{"signerName":"example.com/s","request":"$csr","usages":["client auth"],"expirationSeconds":7200}`, ``},
	{of("coordination.k8s.io/v1", "leases"), `"spec":{"holderIdentity":"me"}`, ``},
	{"/apis/storage.k8s.io/v1/storageclasses", `"provisioner":"example.com/p","reclaimPolicy":"Retain","volumeBindingMode":"WaitForFirstConsumer","allowVolumeExpansion":true`, ``},
	{"/apis/storage.k8s.io/v1/csidrivers", `"spec":{"attachRequired":false,"podInfoOnMount":true,"storageCapacity":false,"requiresRepublish":true,"volumeLifecycleModes":["Ephemeral"]}`, ``},
	{"/apis/storage.k8s.io/v1/csidrivers", `"spec":{"attachRequired":true,"podInfoOnMount":false,"storageCapacity":true,"requiresRepublish":false,"tokenRequests":[{"audience":"a"}],"volumeLifecycleModes":["Persistent","Ephemeral"]}`, ``},
	{"/apis/storage.k8s.io/v1/csinodes", `"spec":{"drivers":[{"name":"d","nodeID":"n","topologyKeys":[]}]}`, ``},
	{"/apis/storage.k8s.io/v1/volumeattachments", `"spec":{"attacher":"a","nodeName":"n","source":{"persistentVolumeName":"v"}}`, `"attached":true`},
	{"/apis/storage.k8s.io/v1/volumeattributesclasses", `"driverName":"d.com","parameters":{"a":"b"}`, ``},
	{"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", `"webhooks":[` + webhook + `]`, ``},
	{"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", `"webhooks":[` + webhook + `]`, ``},
	{"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", `"spec":{"failurePolicy":"Ignore","paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"matchConstraints":{"resourceRules":[{"apiGroups":["none.com"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["x"]}]},"validations":[{"expression":"true"}]}`, ``},
	{"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", `"spec":{"policyName":"none","validationActions":["Warn"],"paramRef":{"name":"p","namespace":"n","parameterNotFoundAction":"Allow"}}`, ``},
	{"/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies", `"spec":{"failurePolicy":"Ignore","reinvocationPolicy":"Never","matchConstraints":{"resourceRules":[{"apiGroups":["none.com"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["x"]}]},"mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{}"}}]}`, ``},
	{"/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings", `"spec":{"policyName":"none"}`, ``},
	{"/apis/scheduling.k8s.io/v1/priorityclasses", `"value":5,"globalDefault":false,"preemptionPolicy":"Never"`, ``},
	{"/apis/node.k8s.io/v1/runtimeclasses", `"handler":"h"`, ``},
	{"/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations", `"spec":{"type":"Limited","limited":{"nominalConcurrencyShares":1,"lendablePercent":0,"limitResponse":{"type":"Queue","queuing":{"queues":4,"handSize":2,"queueLengthLimit":10}}}}`, ``},
	{"/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", `"spec":{"matchingPrecedence":9000,"priorityLevelConfiguration":{"name":"catch-all"},"distinguisherMethod":{"type":"ByUser"}}`, `"conditions":[{"type":"Dangling","status":"False"}]`},
	{of("resource.k8s.io/v1", "resourceclaims"), `"spec":{}`, ``},
	{of("resource.k8s.io/v1", "resourceclaimtemplates"), `"spec":{"spec":{}}`, ``},
	{"/apis/resource.k8s.io/v1/deviceclasses", `"spec":{}`, ``},
	{"/apis/resource.k8s.io/v1/resourceslices", `"spec":{"driver":"d.com","nodeName":"n","pool":{"name":"p","generation":1,"resourceSliceCount":1}}`, ``},
}

// certificateRequest is one in PEM, in base64.
const certificateRequest = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIRk1HNENBUUF3RERFS01BZ0dBMVVFQXd3Qll6QlpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NNNDlBd0VIQTBJQQpCTGd4YXNGVHhnQ2NIZVp3bjBnNjJ0blE0UlJ5MkVvNDJvWlBTZ3p1Sk5PaWYydDlTVm9Db1NFYUprdERBNlA0Cjlmb3M1WDB4Yk9yaUE5VXJ0TTFrMjlDZ0FEQUtCZ2dxaGtqT1BRUURBZ05IQURCRUFoOGNWdjhtS0o0SnZ3OWYKdTBLcThBa1NzcHArSXFzQ1MwTEtrVytWOHdidEFpRUF5M3Y5QVhDVmllL05aUG5BZndiQ3drdkNGeEN4SjQ5bgpLR2ZXSnFwaGx2TT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg=="

// tables asks for the row of one object of each kind.
func tables(s *Session) {
	s.Set("csr", certificateRequest)
	for _, one := range samples {
		body := `{"metadata":{"name":"$ns"}`
		if one.body != "" {
			body += "," + one.body
		}
		r := s.Silently("POST", one.path, body+"}")
		if r.Code == 201 && one.status != "" {
			r = s.Silently("PATCH", one.path+"/$ns/status", mergePatch+`{"status":{`+one.status+`}}`)
		}
		if r.Code >= 300 {
			s.Note(one.path + " " + s.summary(r))
			continue
		}
		s.row(one.path)
		s.Silently("DELETE", one.path+"/$ns", `{"gracePeriodSeconds":0,"propagationPolicy":"Background"}`)
		s.Silently("PATCH", one.path+"/$ns", mergePatch+`{"metadata":{"finalizers":null}}`) // those of volumes, which nobody else takes off
	}
	s.Silently("POST", "$path/events", `{"metadata":{"name":"$ns"},"type":"Normal","reason":"Why","message":"what","involvedObject":{"kind":"Pod","name":"p","namespace":"$ns"}}`)
	s.row("/apis/events.k8s.io/v1/namespaces/$ns/events")
}

// row writes down the columns of a table of one object, with its values.
func (s *Session) row(path string) {
	r := s.Silently("GET", path+"/$ns?includeObject=None", "", "Accept", "application/json;as=Table;g=meta.k8s.io;v=v1")
	columns, _ := r.JSON["columnDefinitions"].([]any)
	rows, _ := r.JSON["rows"].([]any)
	if len(rows) != 1 {
		s.Note(path + " " + s.summary(r))
		return
	}
	row, _ := rows[0].(map[string]any)
	cells := agesIn(row["cells"]).([]any)
	if len(cells) != len(columns) {
		s.Note(fmt.Sprintf("%s: %d cells for %d columns", path, len(cells), len(columns)))
		return
	}
	var out strings.Builder
	out.WriteString(path)
	for i, column := range columns {
		c, _ := column.(map[string]any)
		wide := ""
		if c["priority"] != 0.0 {
			wide = ", wide"
		}
		if c["name"] == "Requestor" {
			cells[i] = "whoever asked"
		}
		fmt.Fprintf(&out, "\n%v: %#v (%v %v%s) %v", c["name"], cells[i], c["type"], c["format"], wide, strings.ReplaceAll(fmt.Sprint(c["description"]), "\n", " "))
	}
	s.Note(out.String())
}
