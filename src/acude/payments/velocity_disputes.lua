-- Disputes on payments; of each the one with the highest rank holds, and the last that names a terminal says where it
-- was made (acude.risk.disputes), whichever comes first. Frauds are members of their terminal's set, by their time.
-- KEYS: of each dispute what is known of its payment, then its terminal's frauds by the present secret and by each
-- former one; empty names where it names no terminal.
-- ARGV: keys per dispute, ms kept, µs kept; then of each dispute the payment, its rank, its time in µs, 1 if a fraud.
local step, kept_ms, kept_us = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])

local function reaches(rank, known)
    return not known or tonumber(rank) >= tonumber(known)
end

for n = 0, #KEYS / step - 1 do
    local place = 3 + n * 4
    local payment, rank, at, fraud = ARGV[place + 1], ARGV[place + 2], ARGV[place + 3], ARGV[place + 4]
    local known, terminal = KEYS[n * step + 1], KEYS[n * step + 2]
    local held, named, before = unpack(redis.call('HMGET', known, 'rank', 'named', 'terminal'))
    if reaches(rank, held) then
        redis.call('HSET', known, 'rank', rank, 'fraud', fraud)
    end
    if terminal ~= '' and reaches(rank, named) then
        if before then
            redis.call('ZREM', before, payment)
        end
        redis.call('HSET', known, 'named', rank, 'terminal', terminal, 'at', at)
    end
    redis.call('PEXPIRE', known, kept_ms)
    if terminal ~= '' then
        for k = n * step + 2, (n + 1) * step do
            redis.call('ZREM', KEYS[k], payment)
        end
    end
    local frauds, moment, holds = unpack(redis.call('HMGET', known, 'terminal', 'at', 'fraud'))
    if frauds and holds == '1' then
        redis.call('ZADD', frauds, moment, payment)
        redis.call('ZREMRANGEBYSCORE', frauds, '-inf', tonumber(moment) - kept_us)
        redis.call('PEXPIRE', frauds, kept_ms)
    elseif frauds then
        redis.call('ZREM', frauds, payment)
    end
end
