-- SPDX-License-Identifier: MIT
-- Lua's library, its files and its collector.
local function show(...) print(select('#', ...), ...) end

show(string.pack('<i4 z s1 d', -2, 'zero', 'len', 1.5):byte(1, -1))
show(string.unpack('>I2 <I2', '\1\2\1\2'))
print(('%q'):format('a\n"b"\0c'), ('%a'):format(1.5), ('%5.2s|'):format('abc'), #('x'):rep(1000, ','))
print(('hello world'):gsub('o', { o = '0' }), ('key = value'):match('^(%w+)%s*=%s*(%w+)$'))
for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do io.write(k, v, ';') end
print(utf8.char(228, 8364), utf8.len('äö€'), utf8.codepoint('€', 1, -1))
print(7 // 2, -7 // 2, -7 % 3, 2 ^ 0.5, 1 << 62, ~0, 5 // 0.0, math.tointeger(3.0), 0x7fffffffffffffff + 1, 10 == 10.0)
print(math.type(1), math.type(1.0), math.ult(1, -1), math.fmod(-7, 3), tostring(1e100), 1e15, 2^53)
print(os.time({ year = 2001, month = 9, day = 9, hour = 12 }) > 0, os.date('!%Y-%m-%d %H:%M:%S', 1000000000))
print(pcall(string.rep, 'x', -1), pcall(string.rep, 'x', 1 << 40))

-- Tables, metatables, closures, goto, to-be-closed variables.
local V = setmetatable({}, { __call = function(t, x, y) return setmetatable({ x = x, y = y }, t) end })
V.__index, V.__add, V.__eq, V.__lt = V, function(a, b) return V(a.x + b.x, a.y + b.y) end,
	function(a, b) return a.x == b.x end, function(a, b) return a.x < b.x end
V.__tostring, V.__len, V.__concat = function(v) return '(' .. v.x .. ',' .. v.y .. ')' end, function() return 2 end,
	function(a, b) return tostring(a) .. tostring(b) end
print(tostring(V(1, 2) + V(3, 4)), V(1, 2) == V(1, 3), V(1, 0) < V(2, 0), #V(0, 0), V(1, 1) .. 'x')
do
	local closed <close> = setmetatable({}, { __close = function(_, e) print('closed', e) end })
	for i = 1, 3 do
		if i == 2 then goto continue end
		io.write(i, ' ')
		::continue::
	end
end
local t = { 5, 2, 8, 1, 9 }
table.sort(t, function(a, b) return a > b end)
print(table.concat(t, ' '), table.unpack(table.move(t, 1, 3, 2)))
local weak = setmetatable({}, { __mode = 'v' })
for i = 1, 100 do weak[i] = {} end
local collected = 0
setmetatable({}, { __gc = function() collected = collected + 1 end })
collectgarbage()
print(next(weak), collected, collectgarbage('count') > 0, collectgarbage('generational'), collectgarbage('incremental'))
for i = 1, 200000 do local _ = { i } end

-- Coroutines: a producer, errors, closing.
local gen = coroutine.wrap(function(n) for i = 1, n do n = coroutine.yield(i * i) or n end end)
print(gen(3), gen(), gen())
local co = coroutine.create(function() error({ code = 7 }) end)
local ok, e = coroutine.resume(co)
print(ok, e.code, coroutine.status(co), coroutine.isyieldable(), coroutine.close(co) == false)
local depth = 0
local function deep() depth = depth + 1; return 1 + deep() end
print(pcall(deep), depth > 1000)
print(select(2, xpcall(function() local x = nil; return x.y end, debug.traceback)):match('^[^\n]*'))

-- Files.
local name = 'lua.out'
local f = assert(io.open(name, 'w+b'))
print(f:write('one\n2 3.5 0x10\n', 'rest of the file') == f, f:seek('set', 0))
print(f:read('l', 'n', 'n', 'n', 'L', 5, 'a'))
print(f:read('a'), f:read('l'), f:seek('end'), f:seek('cur', -4), f:read(100))
print(f:setvbuf('full', 100), f:close(), pcall(f.read, f))
for l in io.lines(name) do io.write('[', l, ']') end
print(io.type(f), io.type(io.stdout), io.type(1))
print(os.rename(name, 'dir/' .. name), os.remove('nowhere'), os.remove('dir'), os.remove('dir/' .. name))
print(io.open('nowhere'), io.open('dir', 'w'))
local tmp = os.tmpname()
print(io.open(tmp, 'w'):write('x'):close(), os.remove(tmp), io.tmpfile():write('y'):seek('cur'))
print(os.getenv('HOME'), os.getenv('NOWHERE'), os.setlocale('C'), os.clock() >= 0, load('return 1 +')) 
print(package.path:match('[^;]+') ~= nil, pcall(require, 'nowhere.at.all') == false, dofile('lua/small.lua'))
for _, l in ipairs { io.read('l', 'n', 'L', 'a') } do io.write('<', tostring(l), '>') end
print(io.read('l'), arg[1], #arg)
io.stderr:write('to stderr\n')
error(setmetatable({}, { __tostring = function() return 'an object' end }))
