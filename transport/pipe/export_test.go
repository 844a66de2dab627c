package pipe

// Take is Stdio for any two descriptors.
var Take = take
