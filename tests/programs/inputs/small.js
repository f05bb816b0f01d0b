// SPDX-License-Identifier: MIT
const fs = require('fs');
const crypto = require('crypto');
const zlib = require('zlib');
const { Worker, isMainThread, parentPort } = require('worker_threads');

if (!isMainThread) {
	let sum = 0;
	for (let i = 0; i < 1e5; i++) sum += i;
	parentPort.postMessage(sum);
} else {
	const text = fs.readFileSync(__filename, 'utf8');
	console.log(crypto.createHash('sha256').update('hello').digest('hex'), zlib.gunzipSync(zlib.gzipSync(text)).toString() === text);
	fs.mkdirSync('d/e/f', { recursive: true });
	fs.writeFileSync('d/e/f/x', 'text');
	console.log(fs.readdirSync('d', { withFileTypes: true }).map((e) => e.name + e.isDirectory()), fs.statSync('d/e/f/x').size);
	fs.rmSync('d', { recursive: true });
	Promise.resolve().then(() => console.log('soon'));
	fs.promises.readFile('/etc/passwd').then((b) => {
		console.log(b.length > 10);
		setTimeout(() => {
			console.log('later');
			const w = new Worker(__filename);
			w.on('message', (m) => console.log('worker says', m));
			w.on('exit', (c) => { console.log('worker ends', c); process.exitCode = 3; });
		}, 20);
	});
}
