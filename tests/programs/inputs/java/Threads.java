// SPDX-License-Identifier: MIT
import java.io.*;
import java.nio.*;
import java.nio.channels.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.concurrent.locks.*;
import java.util.stream.*;

public class Threads {
	static int counted;
	static final Object monitor = new Object();

	static synchronized void count() { counted++; }

	static void monitors() throws Exception {
		Thread[] threads = new Thread[8];
		for (int i = 0; i < threads.length; i++) {
			threads[i] = new Thread(() -> {
				for (int k = 0; k < 20000; k++)
					count();
			}, "counter " + i);
			threads[i].start();
		}
		for (Thread t : threads)
			t.join();
		System.out.println("counted " + counted);
	}

	// A ball between two threads: wait and notify, then park and unpark.
	static void pingPong() throws Exception {
		int[] turn = {0};
		Thread other = new Thread(() -> {
			synchronized (monitor) {
				for (int i = 0; i < 500; i++) {
					while (turn[0] != 1)
						try { monitor.wait(); } catch (InterruptedException e) { return; }
					turn[0] = 0;
					monitor.notifyAll();
				}
			}
		});
		other.start();
		synchronized (monitor) {
			for (int i = 0; i < 500; i++) {
				while (turn[0] != 0)
					monitor.wait();
				turn[0] = 1;
				monitor.notifyAll();
			}
		}
		other.join();
		Exchanger<Integer> x = new Exchanger<>();
		Thread giver = new Thread(() -> {
			try {
				for (int i = 0; i < 300; i++)
					x.exchange(i);
			} catch (InterruptedException e) {
				System.out.println("interrupted");
			}
		});
		giver.start();
		long sum = 0;
		for (int i = 0; i < 300; i++)
			sum += x.exchange(null);
		giver.join();
		System.out.println("exchanged " + sum);
	}

	static void pools() throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(6);
		List<Future<Long>> parts = new ArrayList<>();
		for (int i = 0; i < 40; i++) {
			final int n = i;
			parts.add(pool.submit(() -> LongStream.range(0, 20000).map(k -> k * k % (n + 1)).sum()));
		}
		long sum = 0;
		for (Future<Long> f : parts)
			sum += f.get();
		Future<?> fails = pool.submit(() -> { throw new IllegalStateException("by design"); });
		try {
			fails.get();
		} catch (ExecutionException e) {
			System.out.println(e.getCause());
		}
		pool.shutdown();
		System.out.println(sum + " " + pool.awaitTermination(60, TimeUnit.SECONDS));
		ConcurrentHashMap<Integer, LongAdder> map = new ConcurrentHashMap<>();
		IntStream.range(0, 50000).parallel().forEach(i -> map.computeIfAbsent(i % 97, k -> new LongAdder()).increment());
		System.out.println(map.size() + " " + map.values().stream().mapToLong(LongAdder::sum).sum());
		System.out.println(CompletableFuture.supplyAsync(() -> 20).thenCombineAsync(CompletableFuture.supplyAsync(() -> 22), Integer::sum).get());
	}

	static void times() throws Exception {
		ScheduledExecutorService clock = Executors.newScheduledThreadPool(1);
		CountDownLatch ticks = new CountDownLatch(5);
		long began = System.nanoTime();
		clock.scheduleAtFixedRate(ticks::countDown, 10, 10, TimeUnit.MILLISECONDS);
		ticks.await();
		clock.shutdownNow();
		System.out.println("ticked: " + (System.nanoTime() - began >= 50_000_000L));
		ReentrantLock lock = new ReentrantLock();
		lock.lock();
		Thread waits = new Thread(() -> {
			try {
				System.out.println("got it: " + lock.tryLock(20, TimeUnit.MILLISECONDS));
				lock.lockInterruptibly();
			} catch (InterruptedException e) {
				System.out.println("interrupted while it waited");
			}
		});
		waits.start();
		while (!lock.hasQueuedThread(waits) || waits.getState() != Thread.State.WAITING)
			Thread.sleep(1);
		waits.interrupt();
		waits.join();
	}

	static void memory() {
		List<byte[]> kept = new ArrayList<>();
		long total = 0;
		for (int i = 0; i < 4000; i++) {
			byte[] b = new byte[16384];
			b[i % b.length] = (byte)i;
			total += b.length;
			if (i % 100 == 0)
				kept.add(b);
		}
		System.gc();
		System.out.println(total + " " + kept.stream().mapToInt(b -> b[0] + b.length).sum());
	}

	static void files() throws Exception {
		Path p = Path.of("java.txt");
		Files.writeString(p, "line one\nline two\n");
		try (FileChannel c = FileChannel.open(p, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
			MappedByteBuffer m = c.map(FileChannel.MapMode.READ_WRITE, 0, 4096);
			m.put(5, (byte)'O');
			m.put(4095, (byte)'\n');
			m.force();
			ByteBuffer direct = ByteBuffer.allocateDirect(8);
			System.out.println(c.read(direct, 5) + " " + (char)direct.get(0) + " " + c.size());
			try (FileLock l = c.tryLock()) {
				System.out.println("locked: " + l.isValid());
			}
			c.truncate(18);
		}
		Files.createDirectories(Path.of("d/e"));
		Files.move(p, Path.of("d/e/moved.txt"));
		try (Stream<Path> s = Files.walk(Path.of("d"))) {
			System.out.println(s.map(Path::toString).sorted().collect(Collectors.joining(" ")));
		}
		try {
			Files.readString(Path.of("nowhere"));
		} catch (NoSuchFileException e) {
			System.out.println("no file " + e.getMessage());
		}
		Pipe pipe = Pipe.open();
		Thread writer = new Thread(() -> {
			try (WritableByteChannel w = pipe.sink()) {
				w.write(ByteBuffer.wrap(new byte[100000]));
			} catch (IOException e) {
				System.out.println(e);
			}
		});
		writer.start();
		int n = 0, got;
		ByteBuffer b = ByteBuffer.allocate(3000);
		try (Selector selector = Selector.open()) {
			pipe.source().configureBlocking(false);
			pipe.source().register(selector, SelectionKey.OP_READ);
			for (got = 0; got >= 0; b.clear()) {
				selector.select();
				selector.selectedKeys().clear();
				got = pipe.source().read(b);
				n += Math.max(got, 0);
			}
		}
		writer.join();
		System.out.println("through the pipe " + n);
	}

	public static void main(String[] args) throws Exception {
		monitors();
		pingPong();
		pools();
		times();
		memory();
		files();
		Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("the hook runs")));
		Thread dies = new Thread(() -> { throw new RuntimeException("nobody catches this"); }, "dies");
		dies.start();
		dies.join();
		Thread daemon = new Thread(() -> {
			try { Thread.sleep(1000000); } catch (InterruptedException e) { System.out.println("never"); }
		});
		daemon.setDaemon(true);
		daemon.start();
		throw new Exception("the end");
	}
}
