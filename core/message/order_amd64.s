#include "fill_amd64.h"
#include "textflag.h"

// This is sorted of order.go, four names at a time.

FILL(ones, $0x0101010101010101)
FILL(highs, $0x8080808080808080)
FILL(equal, $0x3d3d3d3d3d3d3d3d)
FILL(turn, $0x7f00000000000000)
FILL(semicolons, $0x4400000000000000) // turned over
FILL(names, $0x00ffffffffffffff)

DATA reverse<>+0(SB)/8, $0x0001020304050607
DATA reverse<>+8(SB)/8, $0x08090a0b0c0d0e0f
DATA reverse<>+16(SB)/8, $0x0001020304050607
DATA reverse<>+24(SB)/8, $0x08090a0b0c0d0e0f
GLOBL reverse<>(SB), RODATA|NOPTR, $32

// func ordered(p *byte, starts *uint32, keys *uint64, n int, last uint64) int
TEXT ·ordered(SB), NOSPLIT, $0-48
	MOVQ     p+0(FP), SI
	MOVQ     starts+8(FP), DX
	MOVQ     keys+16(FP), R10
	MOVQ     n+24(FP), CX
	VMOVQ    last+32(FP), X15
	XORL     DI, DI
	VMOVDQU  ones<>(SB), Y6
	VMOVDQU  highs<>(SB), Y7
	VMOVDQU  equal<>(SB), Y8
	VMOVDQU  turn<>(SB), Y9
	VMOVDQU  semicolons<>(SB), Y10
	VMOVDQU  names<>(SB), Y14
	VMOVDQU  reverse<>(SB), Y11
	VPCMPEQB Y12, Y12, Y12
	VPXOR    Y13, Y13, Y13

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

	// What is before the first '=' of each is kept, and turned over.
	VPXOR   Y8, Y0, Y1
	VPSUBQ  Y6, Y1, Y2
	VPANDN  Y2, Y1, Y2
	VPAND   Y7, Y2, Y2
	VPSUBQ  Y2, Y13, Y3
	VPAND   Y2, Y3, Y2
	VPSRLQ  $7, Y2, Y2
	VPADDQ  Y12, Y2, Y2
	VPAND   Y0, Y2, Y2
	VPSHUFB Y11, Y2, Y2
	VPXOR   Y9, Y2, Y2
	VPAND   Y14, Y2, Y3
	VMOVDQU Y3, (R10)(DI*8)

	// Each is compared with the one before.
	VPERMQ    $0x93, Y3, Y3
	VPBLENDD  $3, Y15, Y3, Y4
	VMOVDQA   Y3, Y15
	VPOR      Y4, Y10, Y4
	VPCMPGTQ  Y4, Y2, Y4
	VPSLLQ    $49, Y0, Y5 // what digits lack
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
	MOVQ DI, ret+40(FP)
	VZEROUPPER
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
	MOVQ    DI, ret+40(FP)
	VZEROUPPER
	RET
