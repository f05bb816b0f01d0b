// SPDX-License-Identifier: MIT
public class Hello {
	public static void main(String[] args) {
		System.out.println("Hello, " + String.join(" ", args) + " from Java " + System.getProperty("java.specification.version"));
		System.out.printf("%d %.3f %s %s%n", Runtime.version().feature(), Math.exp(1), System.getProperty("os.arch"),
				System.getenv("HOME"));
		System.err.println("to stderr");
		int[] empty = {};
		try {
			System.out.println(empty[args.length]);
		} catch (ArrayIndexOutOfBoundsException e) {
			System.out.println(e.getMessage());
		}
		// The handler of SIGSEGV makes this exception, where the code is compiled: enough rounds for that.
		String[] strings = new String[3];
		strings[1] = "there";
		int nulls = 0, length = 0;
		for (int i = 0; i < 60000; i++) {
			try {
				length += strings[i % 3].length();
			} catch (NullPointerException e) {
				nulls++;
			}
		}
		System.out.println(nulls + " " + length + " " + deep(0));
		System.exit(args.length + 40);
	}

	// The guard pages of the stack, twice.
	static int deep(int n) {
		int caught = 0;
		for (int i = 0; i < 2; i++) {
			try {
				recurse(1);
			} catch (StackOverflowError e) {
				caught++;
			}
		}
		return caught;
	}

	static long recurse(long n) { return n + recurse(n + 1) * 3; }
}
