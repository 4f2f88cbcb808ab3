package v2

const GroupName = "shop.example.com"
