package watch_test

const childMode = "ED_WATCH_TEST_CHILD"

func playChild(string) {}
