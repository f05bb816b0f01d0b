-- SPDX-License-Identifier: MIT
-- Sieve, queens and a matrix: returns what it found.
local sieve, primes = {}, 0
for i = 2, 20000 do
	if not sieve[i] then
		primes = primes + 1
		for j = i * i, 20000, i do sieve[j] = true end
	end
end
local function queens(n, row, cols, up, down)
	if row > n then return 1 end
	local found = 0
	for c = 1, n do
		if not cols[c] and not up[row + c] and not down[row - c + n] then
			cols[c], up[row + c], down[row - c + n] = true, true, true
			found = found + queens(n, row + 1, cols, up, down)
			cols[c], up[row + c], down[row - c + n] = nil, nil, nil
		end
	end
	return found
end
local x = 1.0
for i = 1, 1000 do x = x * 1.000001 + math.sin(i) / 1000 end
return primes, queens(7, 1, {}, {}, {}), string.format('%.15g', x)
