// SPDX-License-Identifier: MIT
// What node asks of the system: the thread pool, workers with shared memory, streams, timers, sockets, code made at run time.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const dns = require('dns');
const events = require('events');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const stream = require('stream');
const util = require('util');
const vm = require('vm');
const zlib = require('zlib');
const { performance } = require('perf_hooks');
const { Worker, isMainThread, parentPort, workerData, MessageChannel, receiveMessageOnPort } = require('worker_threads');

if (!isMainThread) {
	const cells = new Int32Array(workerData.shared);
	for (let i = 0; i < 20000; i++) Atomics.add(cells, 0, 1);
	// One after the other: each waits for its turn.
	while (Atomics.load(cells, 1) !== workerData.n) Atomics.wait(cells, 1, Atomics.load(cells, 1), 100);
	parentPort.postMessage({ n: workerData.n, big: 2n ** 70n, map: new Map([[1, 'x']]) });
	Atomics.add(cells, 1, 1);
	Atomics.notify(cells, 1);
	return;
}

const steps = {
	async workers() {
		const shared = new SharedArrayBuffer(8);
		const cells = new Int32Array(shared);
		const order = [];
		await Promise.all([0, 1, 2].map((n) => new Promise((resolve, reject) => {
			const w = new Worker(__filename, { workerData: { shared, n } });
			w.on('message', (m) => order.push(`${m.n}:${m.big}:${m.map.get(1)}`)).on('error', reject).on('exit', resolve);
		})));
		return [cells[0], cells[1], order.sort()];
	},
	async pool() {
		const derived = await Promise.all([1, 2, 3, 4, 5].map((n) =>
			util.promisify(crypto.pbkdf2)('secret', 'salt' + n, 300, 16, 'sha512')));
		const scrypt = await util.promisify(crypto.scrypt)('pw', 'salt', 16, { N: 256 });
		const packed = await util.promisify(zlib.brotliCompress)(Buffer.alloc(50000, 'pattern '));
		const deflated = zlib.deflateSync(Buffer.alloc(100000));
		return [derived.map((b) => b.toString('hex').slice(0, 8)), scrypt.toString('hex'), packed.length,
			zlib.brotliDecompressSync(packed).length, zlib.inflateSync(deflated).length];
	},
	async ciphers() {
		const c = crypto.createCipheriv('aes-256-gcm', Buffer.alloc(32, 1), Buffer.alloc(12, 2));
		const out = Buffer.concat([c.update('some text'), c.final()]).toString('hex') + c.getAuthTag().toString('hex');
		const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
		const signature = crypto.sign(null, Buffer.from('data'), privateKey);
		return [out, crypto.verify(null, Buffer.from('data'), publicKey, signature), crypto.randomBytes(16).length,
			crypto.createHmac('sha3-256', 'k').update('x').digest('base64')];
	},
	async files() {
		const p = fs.promises;
		await p.mkdir('n/e/s/t', { recursive: true });
		const f = await p.open('n/file', 'wx+', 0o640);
		await f.write('0123456789'.repeat(100));
		await f.truncate(505);
		const { buffer, bytesRead } = await f.read(Buffer.alloc(10), 0, 10, 500);
		await f.utimes(1e9, 1e9 + 1);
		const st = await f.stat();
		await f.sync();
		await f.close();
		await p.appendFile('n/file', 'end');
		await p.symlink('../file', 'n/e/link');
		await p.copyFile('n/file', 'n/copy', fs.constants.COPYFILE_EXCL);
		await p.rename('n/copy', 'n/e/s/moved');
		await p.chmod('n/e/s/moved', 0o400);
		const error = await p.readFile('n/nothing').catch((e) => `${e.code} ${e.syscall}`);
		const again = await p.open('n/file', 'wx').catch((e) => e.code);
		const names = fs.readdirSync('n', { recursive: true }).sort();
		const read = await p.readFile('n/e/link', 'utf8');
		const result = [bytesRead, buffer.toString(), st.size, st.mode.toString(8), st.mtimeMs, error, again, names, read.length,
			fs.realpathSync('n/e/link').endsWith('/n/file'), fs.existsSync('n/e/s/moved'), fs.statSync('n/e/s/moved').mode & 0o777];
		await p.rm('n', { recursive: true });
		return [...result, fs.existsSync('n')];
	},
	async streams() {
		const sha = crypto.createHash('sha1');
		let n = 0;
		await stream.promises.pipeline(fs.createReadStream('long', { highWaterMark: 1000 }), zlib.createGzip(),
			zlib.createGunzip(), new stream.Transform({
				transform(chunk, _, done) { n += chunk.length; done(null, chunk.toString().toUpperCase()); },
			}), fs.createWriteStream('upper'));
		sha.update(fs.readFileSync('upper'));
		let lines = 0;
		for await (const line of require('readline').createInterface({ input: fs.createReadStream('long') })) lines += line.length > 0;
		return [n, sha.digest('hex'), lines];
	},
	async sockets() {
		const name = `\0hermit-node-${process.pid}-${Date.now()}`;
		const server = net.createServer((s) => s.on('data', (d) => s.write(d.toString().toUpperCase())).on('end', () => s.end('bye')));
		server.listen(name);
		await events.once(server, 'listening');
		const all = await Promise.all([1, 2, 3].map(async (n) => {
			const c = net.connect(name);
			let got = '';
			c.on('data', (d) => { got += d; if (got.length === 50000) c.end(); });
			c.write('x'.repeat(49999) + n);
			await events.once(c, 'close');
			return `${got.length}${got.slice(-4)}`;
		}));
		server.close();
		await events.once(server, 'close');
		return all;
	},
	async timers() {
		const order = [];
		const began = performance.now();
		process.nextTick(() => order.push('tick'));
		setImmediate(() => order.push('immediate'));
		queueMicrotask(() => order.push('micro'));
		setTimeout(() => order.push('20'), 20);
		setTimeout(() => order.push('5'), 5);
		const t = setInterval(() => order.push('i'), 30);
		await util.promisify(setTimeout)(50);
		clearInterval(t);
		const aborted = await require('timers/promises').setTimeout(10000, 0, { signal: AbortSignal.timeout(10) }).catch((e) => e.name);
		return [order.filter((x) => x !== 'i').sort(), performance.now() - began >= 59, aborted];
	},
	async signals() {
		const got = [];
		for (const s of ['SIGUSR2', 'SIGHUP', 'SIGWINCH']) process.on(s, () => got.push(s));
		for (const s of ['SIGUSR2', 'SIGHUP', 'SIGWINCH']) {
			process.kill(process.pid, s);
			while (!got.includes(s)) await new Promise(setImmediate);
		}
		return got;
	},
	async code() {
		// A wasm function of two numbers, a hot loop for the optimizing compiler, regular expressions made to machine code.
		const wasm = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100,
			100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]);
		const { instance } = await WebAssembly.instantiate(wasm);
		let sum = 0;
		for (let i = 0; i < 300000; i++) sum = (sum * 31 + i) | 0;
		const f = new Function('a', 'b', 'return a ** b');
		const context = vm.createContext({ x: 20 });
		const looped = util.inspect((() => { try { vm.runInNewContext('for (;;);', {}, { timeout: 30 }); } catch (e) { return e.code; } })());
		return [instance.exports.add(40, 2), sum, f(2, 10), vm.runInContext('x * 2.1', context), looped,
			'a1b22c333'.replace(/(\d+)/g, (d) => `<${d}>`), /(?<=\p{Lu})x/u.exec('Äx').index];
	},
	async memory() {
		let kept = [];
		for (let i = 0; i < 300; i++) {
			kept.push(Buffer.alloc(100000, i));
			if (kept.length > 20) kept = [];
		}
		const s = process.memoryUsage();
		const cloned = structuredClone({ d: new Date(0), s: new Set([1]), e: new RangeError('r') });
		return [kept.length, s.rss > s.heapUsed, cloned.d.toISOString(), cloned.s.size, cloned.e.name];
	},
	async system() {
		const { port1, port2 } = new MessageChannel();
		port1.postMessage('through the channel');
		const message = receiveMessageOnPort(port2).message;
		port1.close();
		const lookup = await dns.promises.lookup('localhost').then((a) => a.address, (e) => e.code);
		return [os.platform(), os.arch(), os.endianness(), os.cpus().length > 0, os.totalmem() > os.freemem(), path.resolve('/a', '../b'),
			os.userInfo().username, process.umask().toString(8), process.stdout.isTTY === true, message, ['127.0.0.1', '::1'].includes(lookup),
			new Intl.NumberFormat('de').format(1234567.891), new Date(1e12).toLocaleDateString('en', { timeZone: 'UTC' }),
			process.argv.slice(2), process.hrtime.bigint() > 0n, util.format('%s %d %j %o', 'a', 1, { b: 2 }, [3])];
	},
};

(async () => {
	for (const [name, step] of Object.entries(steps)) console.log(name, util.inspect(await step(), { depth: 5, breakLength: 200 }));
	let input = '';
	for await (const chunk of process.stdin) input += chunk;
	console.log('stdin', input.length);
	process.on('exit', (c) => console.log('exit', c));
	process.on('uncaughtException', (e, origin) => { console.error(origin, e.message); process.exitCode = 12; });
	assert.rejects(async () => { throw new Error('expected'); }).then(() => { throw new Error('by design'); });
})();
