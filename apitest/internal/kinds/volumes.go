package kinds

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

var claimRow = row(
	column("Status", "string", docOf(corev1.PersistentVolumeClaimStatus{}, "phase"), func(c *corev1.PersistentVolumeClaim) any {
		if c.DeletionTimestamp != nil {
			return "Terminating"
		}
		return string(c.Status.Phase)
	}),
	column("Volume", "string", docOf(corev1.PersistentVolumeClaimSpec{}, "volumeName"), func(c *corev1.PersistentVolumeClaim) any { return c.Spec.VolumeName }),
	column("Capacity", "string", docOf(corev1.PersistentVolumeClaimStatus{}, "capacity"), func(c *corev1.PersistentVolumeClaim) any {
		if c.Spec.VolumeName == "" {
			return ""
		}
		return c.Status.Capacity.Storage().String()
	}),
	column("Access Modes", "string", docOf(corev1.PersistentVolumeClaimStatus{}, "accessModes"), func(c *corev1.PersistentVolumeClaim) any {
		if c.Spec.VolumeName == "" {
			return ""
		}
		return accessModes(c.Status.AccessModes)
	}),
	column("StorageClass", "string", "StorageClass of the pvc", func(c *corev1.PersistentVolumeClaim) any { return zeroIfNil(c.Spec.StorageClassName) }),
	column("VolumeAttributesClass", "string", "VolumeAttributesClass of the pvc", func(c *corev1.PersistentVolumeClaim) any { return orUnset(c.Spec.VolumeAttributesClassName) }),
	column("VolumeMode", "string", docOf(corev1.PersistentVolumeClaimSpec{}, "volumeMode"), func(c *corev1.PersistentVolumeClaim) any { return orUnset(c.Spec.VolumeMode) }).onlyWide(),
)

var volumeRow = row(
	column("Capacity", "string", docOf(corev1.PersistentVolumeSpec{}, "capacity"), func(v *corev1.PersistentVolume) any { return v.Spec.Capacity.Storage().String() }),
	column("Access Modes", "string", docOf(corev1.PersistentVolumeSpec{}, "accessModes"), func(v *corev1.PersistentVolume) any { return accessModes(v.Spec.AccessModes) }),
	column("Reclaim Policy", "string", docOf(corev1.PersistentVolumeSpec{}, "persistentVolumeReclaimPolicy"), func(v *corev1.PersistentVolume) any {
		return string(v.Spec.PersistentVolumeReclaimPolicy)
	}),
	column("Status", "string", docOf(corev1.PersistentVolumeStatus{}, "phase"), func(v *corev1.PersistentVolume) any {
		if v.DeletionTimestamp != nil {
			return "Terminating"
		}
		return string(v.Status.Phase)
	}),
	column("Claim", "string", docOf(corev1.PersistentVolumeSpec{}, "claimRef"), func(v *corev1.PersistentVolume) any {
		if v.Spec.ClaimRef == nil {
			return ""
		}
		return v.Spec.ClaimRef.Namespace + "/" + v.Spec.ClaimRef.Name
	}),
	column("StorageClass", "string", "StorageClass of the pv", func(v *corev1.PersistentVolume) any { return v.Spec.StorageClassName }),
	column("VolumeAttributesClass", "string", "VolumeAttributesClass of the pv", func(v *corev1.PersistentVolume) any { return orUnset(v.Spec.VolumeAttributesClassName) }),
	column("Reason", "string", docOf(corev1.PersistentVolumeStatus{}, "reason"), func(v *corev1.PersistentVolume) any { return v.Status.Reason }),
	column("VolumeMode", "string", docOf(corev1.PersistentVolumeSpec{}, "volumeMode"), func(v *corev1.PersistentVolume) any { return orUnset(v.Spec.VolumeMode) }).onlyWide(),
)

// accessModes writes modes in the order and by the letters that people know.
func accessModes(modes []corev1.PersistentVolumeAccessMode) string {
	var short []string
	for _, known := range []struct {
		mode   corev1.PersistentVolumeAccessMode
		letter string
	}{{corev1.ReadWriteOnce, "RWO"}, {corev1.ReadOnlyMany, "ROX"}, {corev1.ReadWriteMany, "RWX"}, {corev1.ReadWriteOncePod, "RWOP"}} {
		for _, mode := range modes {
			if mode == known.mode {
				short = append(short, known.letter)
				break
			}
		}
	}
	return strings.Join(short, ",")
}

// defaultClass marks the class that is taken where none is named.
const defaultClass = "storageclass.kubernetes.io/is-default-class"

var storageClassRow = withName(column("Name", "string", nameCell.description, func(c *storagev1.StorageClass) any {
	if c.Annotations[defaultClass] == "true" {
		return c.Name + " (default)"
	}
	return c.Name
}), row(
	column("Provisioner", "string", docOf(storagev1.StorageClass{}, "provisioner"), func(c *storagev1.StorageClass) any { return c.Provisioner }),
	column("ReclaimPolicy", "string", docOf(storagev1.StorageClass{}, "reclaimPolicy"), func(c *storagev1.StorageClass) any {
		if c.ReclaimPolicy == nil {
			return string(corev1.PersistentVolumeReclaimDelete)
		}
		return string(*c.ReclaimPolicy)
	}),
	column("VolumeBindingMode", "string", docOf(storagev1.StorageClass{}, "volumeBindingMode"), func(c *storagev1.StorageClass) any {
		if c.VolumeBindingMode == nil {
			return string(storagev1.VolumeBindingImmediate)
		}
		return string(*c.VolumeBindingMode)
	}),
	column("AllowVolumeExpansion", "string", docOf(storagev1.StorageClass{}, "allowVolumeExpansion"), func(c *storagev1.StorageClass) any { return zeroIfNil(c.AllowVolumeExpansion) }),
))

// withName replaces a row's first column, whose format stays that of a name.
func withName(name cell, cells []cell) []cell {
	name.format = nameCell.format
	cells[0] = name
	return cells
}

var driverRow = row(
	column("AttachRequired", "boolean", docOf(storagev1.CSIDriverSpec{}, "attachRequired"), func(d *storagev1.CSIDriver) any { return d.Spec.AttachRequired == nil || *d.Spec.AttachRequired }),
	column("PodInfoOnMount", "boolean", docOf(storagev1.CSIDriverSpec{}, "podInfoOnMount"), func(d *storagev1.CSIDriver) any { return zeroIfNil(d.Spec.PodInfoOnMount) }),
	column("StorageCapacity", "boolean", docOf(storagev1.CSIDriverSpec{}, "storageCapacity"), func(d *storagev1.CSIDriver) any { return zeroIfNil(d.Spec.StorageCapacity) }),
	column("TokenRequests", "string", docOf(storagev1.CSIDriverSpec{}, "tokenRequests"), func(d *storagev1.CSIDriver) any {
		if len(d.Spec.TokenRequests) == 0 {
			return "<unset>"
		}
		return strings.Join(texts(d.Spec.TokenRequests, func(r storagev1.TokenRequest) string { return r.Audience }), ",")
	}),
	column("RequiresRepublish", "boolean", docOf(storagev1.CSIDriverSpec{}, "requiresRepublish"), func(d *storagev1.CSIDriver) any { return zeroIfNil(d.Spec.RequiresRepublish) }),
	column("Modes", "string", docOf(storagev1.CSIDriverSpec{}, "volumeLifecycleModes"), func(d *storagev1.CSIDriver) any {
		return orNone(texts(d.Spec.VolumeLifecycleModes, func(m storagev1.VolumeLifecycleMode) string { return string(m) })...)
	}),
)

var driverNodeRow = row(
	column("Drivers", "integer", "Drivers indicates the number of CSI drivers registered on the node", func(n *storagev1.CSINode) any { return int64(len(n.Spec.Drivers)) }),
)

var attachmentRow = row(
	attacherCell,
	column("PV", "string", docOf(storagev1.VolumeAttachmentSource{}, "persistentVolumeName"), func(a *storagev1.VolumeAttachment) any { return zeroIfNil(a.Spec.Source.PersistentVolumeName) }),
	column("Node", "string", docOf(storagev1.VolumeAttachmentSpec{}, "nodeName"), func(a *storagev1.VolumeAttachment) any { return a.Spec.NodeName }),
	column("Attached", "boolean", docOf(storagev1.VolumeAttachmentStatus{}, "attached"), func(a *storagev1.VolumeAttachment) any { return a.Status.Attached }),
)

var attacherCell = func() cell {
	c := column("Attacher", "string", docOf(storagev1.VolumeAttachmentSpec{}, "attacher"), func(a *storagev1.VolumeAttachment) any { return a.Spec.Attacher })
	c.format = nameCell.format
	return c
}()

var attributesClassRow = row(
	column("DriverName", "string", "Name of the CSI driver This field is immutable.", func(c *storagev1.VolumeAttributesClass) any { return c.DriverName }),
)
