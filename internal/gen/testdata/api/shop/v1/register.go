package v1

// GroupName is not the name of the folder.
const GroupName = "shop.example.com"
