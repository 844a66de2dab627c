// What finds bytes in blocks of text, and what is made of them, for structure_amd64.s, pairs_amd64.s, pairs512_amd64.s and line_amd64.s.

// FILL makes 32 bytes of the same eight.
#define FILL(name, word) \
	DATA name<>+0(SB)/8, word; \
	DATA name<>+8(SB)/8, word; \
	DATA name<>+16(SB)/8, word; \
	DATA name<>+24(SB)/8, word; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

FILL(equals, $0x3d3d3d3d3d3d3d3d)
FILL(semicolon, $0x3b3b3b3b3b3b3b3b)
FILL(quote, $0x2222222222222222)
FILL(blank, $0x2020202020202020)
FILL(half, $0x0f0f0f0f0f0f0f0f)

// Other bytes have a class, found by looking up each half of the byte in a table of 16: a byte is of the classes that both of its
// halves have (Langdale and Lemire, Parsing Gigabytes of JSON per Second, 3.1.2). No byte is of two.
//
//	 1  a-o       halves 6 and 1-f         8  P-Z _         5 and 0-a, f
//	 2  p-z       halves 7 and 0-a        16  0-9           3 and 0-9
//	 4  A-O       halves 4 and 1-f        32  control byte  0 and all but a, which is LF
//	                                      64  \             5 and c
//
// The control bytes from 0x10 on are like any other byte of a value.
FILL(capitals, $0x0202020202020202)
FILL(stops, $0x6060606060606060)

#define TABLE(name, first, second) \
	DATA name<>+0(SB)/8, first; \
	DATA name<>+8(SB)/8, second; \
	DATA name<>+16(SB)/8, first; \
	DATA name<>+24(SB)/8, second; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

TABLE(low, $0x3f3f3f3f3f3f3f3a, $0x2d252565250f3f3f)
TABLE(high, $0x0201480410000020, $0)

#define LOW Y6
#define HIGH Y7
#define HALF Y8

// GATHER makes one word of the high bits of Y2 and Y3. It destroys R14.
#define GATHER(word) \
	VPMOVMSKB Y2, word; \
	VPMOVMSKB Y3, R14; \
	SHLQ      $32, R14; \
	ORQ       R14, word

// IS finds the bytes of a block that are equal to those of a constant.
#define IS(constant, first, second, word) \
	VPCMPEQB constant, first, Y2; \
	VPCMPEQB constant, second, Y3; \
	GATHER(word)

// ABOVE finds the bytes of a block, given their classes, that are of one above another.
#define ABOVE(constant, first, second, word) \
	VPCMPGTB constant, first, Y2; \
	VPCMPGTB constant, second, Y3; \
	GATHER(word)

// BOTH_ARE is IS for two blocks, in Y0, Y1, Y9 and Y10; BOTH_ABOVE is ABOVE, with classes in Y4, Y5, Y11 and Y12.
#define BOTH_ARE(constant, first, second) \
	IS(constant, Y0, Y1, first); \
	IS(constant, Y9, Y10, second)

#define BOTH_ABOVE(constant, first, second) \
	ABOVE(constant, Y4, Y5, first); \
	ABOVE(constant, Y11, Y12, second)

// CLASSIFY finds the classes of 32 bytes.
#define CLASSIFY(bytes, classes) \
	VPSRLW  $4, bytes, Y2; \
	VPAND   HALF, Y2, Y2; \
	VPSHUFB Y2, HIGH, Y2; \
	VPSHUFB bytes, LOW, Y3; \
	VPAND   Y2, Y3, classes

// BOTH_CLASSIFIED finds the classes of both blocks, and whether there is a byte of those in stops (no zero flag).
#define BOTH_CLASSIFIED \
	CLASSIFY(Y0, Y4); \
	CLASSIFY(Y1, Y5); \
	CLASSIFY(Y9, Y11); \
	CLASSIFY(Y10, Y12); \
	VPOR   Y4, Y5, Y2; \
	VPOR   Y11, Y12, Y3; \
	VPOR   Y2, Y3, Y2; \
	VPTEST stops<>(SB), Y2

// INSIDE finds what is behind an odd number of the quotes of a block: all bits of Y15 are set.
#define INSIDE(quotes, word) \
	VMOVQ      quotes, X2; \
	VPCLMULQDQ $0, X15, X2, X2; \
	VMOVQ      X2, word

// WRONG notes what may not be: the bits of word that not does not have.
#define WRONG(word, not, to) \
	ANDNQ word, not, to; \
	ORQ   to, BX

// BOTH_WRONG is WRONG for two words, which it destroys.
#define BOTH_WRONG(first, second, not, more) \
	WRONG(first, not, first); \
	WRONG(second, more, second)

// PUT writes where the first bit of word is, and takes it away. It destroys R14.
#define PUT(word, base, to) \
	TZCNTQ word, R14; \
	ADDL   base, R14; \
	MOVL   R14, to; \
	BLSRQ  word, word

// PUTS is PUT for four bits; what is written for those that are not there means nothing.
#define PUTS(word, base, at) \
	PUT(word, base, 0(at)); \
	PUT(word, base, 4(at)); \
	PUT(word, base, 8(at)); \
	PUT(word, base, 12(at))

// LINE writes where the line ends whose line feed is the first of some, which it takes away, and how many names were found before.
#define LINE(feeds, names, count, base, offset, at) \
	BLSMSKQ feeds, R14; \
	ANDQ names, R14; \
	POPCNTQ R14, R14; \
	ADDL count, R14; \
	MOVL R14, (lineMark_names+offset)(at); \
	PUT(feeds, base, (lineMark_end+offset)(at))
