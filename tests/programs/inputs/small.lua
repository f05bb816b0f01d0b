-- SPDX-License-Identifier: MIT
local words, count = {}, 0
for line in io.lines(arg[0]) do
	for w in line:gmatch("%a+") do words[w] = (words[w] or 0) + 1; count = count + 1 end
end
local keys = {}
for w in pairs(words) do keys[#keys + 1] = w end
table.sort(keys)
print(count, #keys, keys[1], keys[#keys], _VERSION)
local f = assert(io.open("out.txt", "w"))
for i, k in ipairs(keys) do f:write(i, " ", k, "\n") end
f:close()
local co = coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i * i) end end)
print(co(), co(), co(), string.format("%.17g %x", math.pi, 48879), os.getenv("HOME"), #package.path > 0)
print(pcall(error, { code = 5 }), select("#", table.unpack({}, 1, 200)), os.rename("out.txt", "lua.txt"), io.open("/nowhere"))
os.exit(4)
