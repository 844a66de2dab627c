#include "go_asm.h"
#include "textflag.h"

// A call returns into code that goes on with the next at once: behind a system call each return of a Go function is one that the processor
// guesses wrong.

// func recvAll(calls *call, n int, room *byte, enough int) int
TEXT ·recvAll(SB), NOSPLIT, $0-40
	MOVQ calls+0(FP), R12
	MOVQ n+8(FP), R13
	MOVQ room+16(FP), BX
	MOVQ enough+24(FP), R15
	ADDQ BX, R15

recv:
	MOVQ call_fd(R12), DI
	MOVQ BX, SI
	MOVQ call_size(R12), DX
	MOVL $const_dontWait, R10
	XORL R8, R8
	XORL R9, R9
	MOVL $const_recvFrom, AX
	SYSCALL
	MOVQ AX, call_got(R12)
	DECQ R13
	TESTQ AX, AX
	JLE  next
	ADDQ AX, BX
	CMPQ BX, R15
	JCC  done

next:
	ADDQ $call__size, R12
	TESTQ R13, R13
	JNE  recv

done:
	MOVQ n+8(FP), AX
	SUBQ R13, AX
	MOVQ AX, ret+32(FP)
	RET

// func sendAll(calls *call, n int)
TEXT ·sendAll(SB), NOSPLIT, $0-16
	MOVQ calls+0(FP), R12
	MOVQ n+8(FP), R13

send:
	MOVQ call_fd(R12), DI
	MOVQ call_p(R12), SI
	MOVQ call_size(R12), DX
	MOVL $const_dontWait|const_noSignal, R10
	XORL R8, R8
	XORL R9, R9
	MOVL $const_sendTo, AX
	SYSCALL
	MOVQ AX, call_got(R12)
	ADDQ $call__size, R12
	DECQ R13
	JNE  send
	RET
