//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// A call returns into code that goes on with the next at once: behind a system call each return of a Go function is one that the processor
// guesses wrong.

// func recvAll(calls []call, room []byte, enough int) int
TEXT ·recvAll(SB), NOSPLIT, $0-64
	MOVQ calls_base+0(FP), R12
	MOVQ calls_len+8(FP), R13
	MOVQ room_base+24(FP), BX
	MOVQ enough+48(FP), R15
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
	MOVQ calls_len+8(FP), AX
	SUBQ R13, AX
	MOVQ AX, ret+56(FP)
	RET

// func sendAll(calls []call)
TEXT ·sendAll(SB), NOSPLIT, $0-24
	MOVQ calls_base+0(FP), R12
	MOVQ calls_len+8(FP), R13

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
