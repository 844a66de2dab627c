//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "classes_amd64.h"

// single is structure (structure_amd64.s) for a line by itself that has less than 128 bytes and begins with its command: there is nothing
// that one block hands on to the next, and no branch that could be guessed wrong. The line is two blocks in Y0, Y1, Y9 and Y10, their classes are in
// Y4, Y5, Y11 and Y12; what is found is two words, of which sums and shifts carry from the first to the second. ordered is the most of
// sorted in order.go.

// Keys are those of orderKey in order.go: the byte before the name, turned over so that a blank is above a semicolon, and seven of the name.
FILL(turn, $0x7f00000000000000)
FILL(semicolons, $0x4400000000000000) // turned over
FILL(names, $0x00ffffffffffffff)
TABLE(reverse, $0x0001020304050607, $0x08090a0b0c0d0e0f)

// A line feed ends no line here: it is a control byte like others.
TABLE(lowOfLine, $0x3f3f3f3f3f3f3f3a, $0x2d252565252f3f3f)

// What is laid over the text from 128-n on, so that behind n bytes of it come some that mean nothing.
#define ALL(at) \
	DATA behind<>+at(SB)/8, $-1; \
	DATA behind<>+(at+8)(SB)/8, $-1; \
	DATA behind<>+(at+16)(SB)/8, $-1; \
	DATA behind<>+(at+24)(SB)/8, $-1

ALL(128)
ALL(160)
ALL(192)
ALL(224)
GLOBL behind<>(SB), RODATA|NOPTR, $256

// BEHIND moves bits to the bytes behind theirs.
#define BEHIND(first, second) \
	ADDQ first, first; \
	ADCQ second, second

// ENDS finds the bytes behind the runs in which, or behind which, the bits of two words are.
#define ENDS(run, more, first, second) \
	ADDQ  run, first; \
	ADCQ  more, second; \
	ANDNQ first, run, first; \
	ANDNQ second, more, second

// func single(p *byte, n int, starts *uint32, keys *uint64) int
TEXT ·single(SB), NOSPLIT, $32-40
	MOVQ     p+0(FP), SI
	MOVQ     n+8(FP), CX
	LEAQ     behind<>+128(SB), AX
	SUBQ     CX, AX
	VMOVDQU  0(AX), Y0
	VMOVDQU  32(AX), Y1
	VMOVDQU  64(AX), Y9
	VMOVDQU  96(AX), Y10
	VPOR     0(SI), Y0, Y0
	VPOR     32(SI), Y1, Y1
	VPOR     64(SI), Y9, Y9
	VPOR     96(SI), Y10, Y10
	VMOVDQU  lowOfLine<>(SB), LOW
	VMOVDQU  high<>(SB), HIGH
	VMOVDQU  half<>(SB), HALF
	VPXOR    Y14, Y14, Y14
	VPCMPEQB Y15, Y15, Y15
	BOTH_CLASSIFIED
	JNE      no

	// R12, R13: where the line ends.
	MOVL    $1, R13
	SHLXQ   CX, R13, R13
	XORL    BX, BX
	MOVQ    R13, R12
	CMPQ    CX, $64
	CMOVQGE BX, R12
	CMOVQLT BX, R13
	MOVQ    R12, end-8(SP)
	MOVQ    R13, endMore-16(SP)

	// AX, DX: where the command ends, with a blank or the line. R10, R11: what is behind blanks.
	BOTH_ABOVE(capitals<>(SB), R8, R9)
	MOVL  $1, AX
	XORL  DX, DX
	ENDS(R8, R9, AX, DX)
	BOTH_ARE(blank<>(SB), R10, R11)
	ORQ   R10, R12
	ORQ   R11, R13
	MOVQ  AX, R8
	MOVQ  DX, R9
	BOTH_WRONG(R8, R9, R12, R13)
	ANDQ  R10, AX
	ANDQ  R11, DX
	MOVQ  AX, head-24(SP)
	MOVQ  DX, headMore-32(SP)
	BEHIND(R10, R11)

	// SI, DI: quotes. R15, CX: what is in quotes, and the opening ones. None is open at the end.
	BOTH_ARE(quote<>(SB), SI, DI)
	INSIDE(SI, R15)
	INSIDE(DI, CX)
	MOVQ R15, AX
	SARQ $63, AX
	XORQ AX, CX
	MOVQ CX, AX
	SARQ $63, AX
	ORQ  AX, BX

	// R12, R13: the ends of text in quotes that has no semicolon.
	BOTH_ARE(semicolon<>(SB), R8, R9)
	MOVQ  SI, R12
	MOVQ  DI, R13
	BEHIND(R12, R13)
	ANDNQ R15, R8, AX
	ANDNQ CX, R9, DX
	ENDS(AX, DX, R12, R13) // behind a closing quote there is no run

	// AX, DX: closing quotes, of which such need a blank before them. SI, DI: opening ones.
	ANDNQ SI, R15, AX
	ANDNQ DI, CX, DX
	XORQ  AX, SI
	XORQ  DX, DI
	ANDQ  AX, R12
	ANDQ  DX, R13
	BOTH_WRONG(R12, R13, R10, R11)

	// R8, R9: semicolons between parameters. A parameter does not end in a blank, and what follows a closing quote is its end.
	ANDNQ R8, R15, R8
	ANDNQ R9, CX, R9
	MOVQ  R8, R12
	ORQ   end-8(SP), R12
	MOVQ  R9, R13
	ORQ   endMore-16(SP), R13
	ANDQ  R12, R10
	ORQ   R10, BX
	ANDQ  R13, R11
	ORQ   R11, BX
	BEHIND(AX, DX)
	BOTH_WRONG(AX, DX, R12, R13)

	// R8, R9: where names begin. R10, R11: where they end, with '='. Opening quotes stand behind that.
	ORQ   head-24(SP), R8
	ORQ   headMore-32(SP), R9
	BEHIND(R8, R9)
	BOTH_ABOVE(Y14, AX, DX)
	MOVQ  R8, R10
	MOVQ  R9, R11
	BOTH_WRONG(R10, R11, AX, DX)
	MOVQ  R8, R10
	MOVQ  R9, R11
	ENDS(AX, DX, R10, R11)
	BOTH_ARE(equals<>(SB), AX, DX)
	MOVQ  R10, R12
	MOVQ  R11, R13
	BOTH_WRONG(R12, R13, AX, DX)
	BEHIND(R10, R11)
	BOTH_WRONG(SI, DI, R10, R11)
	TESTQ BX, BX
	JNE   no

	POPCNTQ R8, AX
	POPCNTQ R9, DX
	ADDQ    AX, DX
	CMPQ    DX, $const_nearNames
	JHI     no
	MOVQ    starts+16(FP), R10
	LEAQ    (R10)(AX*4), R11
	XORL    R12, R12
	MOVL    $64, R13

first:
	PUTS(R8, R12, R10)
	ADDQ  $16, R10
	TESTQ R8, R8
	JNE   first

second:
	PUTS(R9, R13, R11)
	ADDQ  $16, R11
	TESTQ R9, R9
	JNE   second

	// What is read behind the last one is in the line.
	MOVQ  DX, CX
	MOVQ  starts+16(FP), DX
	MOVL  $1, 0(DX)(CX*4)
	MOVL  $1, 4(DX)(CX*4)
	MOVL  $1, 8(DX)(CX*4)
	TESTQ CX, CX
	JEQ   ordered
	MOVQ  p+0(FP), SI
	MOVQ  keys+24(FP), R10
	VPXOR Y15, Y15, Y15
	CALL  keys<>(SB)
	CMPQ  DI, CX
	JNE   no

ordered:
	MOVQ CX, ret+32(FP)
	VZEROUPPER
	RET

no:
	MOVQ $-1, ret+32(FP)
	VZEROUPPER
	RET

// func ordered(p *byte, starts *uint32, keys *uint64, n int, last uint64) int
TEXT ·ordered(SB), NOSPLIT, $0-48
	MOVQ  p+0(FP), SI
	MOVQ  starts+8(FP), DX
	MOVQ  keys+16(FP), R10
	MOVQ  n+24(FP), CX
	VMOVQ last+32(FP), X15
	CALL  keys<>(SB)
	MOVQ  DI, ret+40(FP)
	VZEROUPPER
	RET

// This is the most of ordered, four names at a time. It has its arguments in SI, DX, R10, CX and Y15, and returns in DI.
TEXT keys<>(SB), NOSPLIT, $0
	XORL     DI, DI
	VPCMPEQB Y12, Y12, Y12

four:
	MOVL        (DX)(DI*4), AX
	MOVL        4(DX)(DI*4), BX
	MOVL        8(DX)(DI*4), R8
	MOVL        12(DX)(DI*4), R9
	VMOVQ       -1(SI)(AX*1), X0
	VPINSRQ     $1, -1(SI)(BX*1), X0, X0
	VMOVQ       -1(SI)(R8*1), X1
	VPINSRQ     $1, -1(SI)(R9*1), X1, X1
	VINSERTI128 $1, X1, Y0, Y0

	// What is before the first '=' of each is kept: the bits below the lowest one of Y1, as Y2 is that less 1. It is made a key.
	VPCMPEQB equals<>(SB), Y0, Y1
	VPADDQ   Y12, Y1, Y2
	VPANDN   Y2, Y1, Y2
	VPAND    Y0, Y2, Y2
	VPSHUFB  reverse<>(SB), Y2, Y2
	VPXOR    turn<>(SB), Y2, Y2
	VPAND    names<>(SB), Y2, Y3
	VMOVDQU  Y3, (R10)(DI*8)

	// Each is compared with the one before, in Y4, as if that followed a semicolon: the first of a line, behind a blank, is above any. Y15 has
	// the last one for the next four.
	VPERMQ    $0x93, Y3, Y3
	VPBLENDD  $3, Y15, Y3, Y4
	VMOVDQA   Y3, Y15
	VPOR      semicolons<>(SB), Y4, Y4
	VPCMPGTQ  Y4, Y2, Y4
	VPSLLQ    $49, Y0, Y5 // the bit 0x40 of the first byte of the name, which digits and '=' lack, is the sign
	VPAND     Y4, Y5, Y5
	VMOVMSKPD Y5, AX
	LEAQ      -4(CX), BX
	SUBQ      DI, BX
	JLT       last
	CMPL      AX, $15
	JNE       done
	ADDQ      $4, DI
	CMPQ      DI, CX
	JLT       four

done:
	RET

last:
	// There are as many names as this shift leaves zeros.
	MOVL    $15, R8
	ADDQ    $4, BX
	SHLXL   BX, R8, R8
	ORL     R8, AX
	ANDL    $15, AX
	CMPL    AX, $15
	CMOVQEQ CX, DI
	RET
