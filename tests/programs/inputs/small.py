# SPDX-License-Identifier: MIT
import collections, hashlib, json, math, os, queue, re, signal, struct, sys, tempfile, threading, time, zlib

text = open(__file__).read()
print(collections.Counter(re.findall(r"[a-z]+", text)).most_common(3))
print(json.dumps({"a": [1, 2.5, None, "é"]}, sort_keys=True), struct.pack("<IhQ", 1, -2, 3).hex(), math.factorial(30))
print(hashlib.sha256(text.encode()).hexdigest() == hashlib.new("sha256", text.encode()).hexdigest(), zlib.crc32(b"hello"))

q, done = queue.Queue(), []


def work():
    while True:
        n = q.get()
        if n is None:
            return
        done.append(sum(range(n)))
        q.task_done()


threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads:
    t.start()
for n in range(200):
    q.put(n)
q.join()
for _ in threads:
    q.put(None)
for t in threads:
    t.join()
print(len(done), sum(done))

with tempfile.TemporaryDirectory() as d:
    path = os.path.join(d, "x")
    with open(path, "w") as f:
        f.write("temporary")
    os.link(path, path + "2")
    print(os.stat(path).st_nlink, sorted(os.listdir(d)), os.path.samefile(path, path + "2"))
print(os.path.exists(d))

signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError("alarm")))
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    time.sleep(20)
except TimeoutError as e:
    print("interrupted by", e)

try:
    import sqlite3
    db = sqlite3.connect("py.db")
    db.execute("create table t(a integer primary key, b text)")
    db.executemany("insert into t(b) values (?)", [(f"row {i}",) for i in range(500)])
    db.commit()
    print(db.execute("select count(*), max(a), min(b) from t").fetchone())
    db.close()
    os.remove("py.db")
except ImportError:
    print("no sqlite3")
print(os.cpu_count() >= 1, os.uname().sysname, os.access("/etc/passwd", os.R_OK), os.path.realpath("/proc/self/exe") == os.path.realpath(sys.executable))
print(sys.stdin.read(), end="")
with open("py.out", "wb") as f:
    f.write(zlib.compress(text.encode() * 20))
os.execv(sys.executable, [sys.executable, "-S", "-c", "import sys; print('again', sys.argv[1:]); sys.exit(6)", "x y"])
