// SPDX-License-Identifier: MIT
// A server of files, and its clients: serve.js HOW FILE. Prints the instructions that a file takes,
// which are nanoseconds on the virtual machine's clock: the least of some rounds. Each file has a
// connection of its own, and so some epoll_ctl requests; with "async" for HOW it is read by requests,
// with "sync" by system calls.
'use strict';
const fs = require('fs');
const net = require('net');
const os = require('os');

const rounds = 6, files = 128, clients = 64;
const [how, file] = process.argv.slice(2);
const size = fs.statSync(file).size;
const path = '/tmp/serve';

// One that submits by itself looks for requests all the time: not when there is other work.
function calm() {
	for (const thread of fs.readdirSync('/proc/self/task'))
		if (fs.readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').startsWith('iou-sqp'))
			os.setPriority(Number(thread), os.constants.priority.PRIORITY_LOW);
}

// Whether requests are made at all.
function hasRing() {
	return fs.readdirSync('/proc/self/fd').some((fd) => {
		try {
			return fs.readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[io_uring]';
		} catch {
			return false;
		}
	});
}

function serve(peer) {
	const answer = (error, data) => {
		if (error)
			throw error;
		peer.end(data);
	};
	if (how === 'async')
		fs.readFile(file, answer);
	else
		answer(null, fs.readFileSync(file));
}

let left, running = 0, start, least = Infinity, round = 0;

function request() {
	let got = 0;

	if (left-- <= 0)
		return;
	running++;
	net.connect(path).on('data', (data) => got += data.length).on('end', () => {
		if (got !== size)
			throw new Error(`${got} bytes instead of ${size}`);
		running--;
		request();
		if (running === 0)
			finish();
	});
}

function begin() {
	left = files;
	start = process.hrtime.bigint();
	for (let i = 0; i < clients; i++)
		request();
}

function finish() {
	least = Math.min(least, Number(process.hrtime.bigint() - start));
	if (++round < rounds)
		return begin();
	console.log(Math.round(least / files));
	fs.unlinkSync(path);
	process.exit();
}

if (!hasRing())
	throw new Error('there is no ring');
calm();
net.createServer(serve).listen(path, begin);
