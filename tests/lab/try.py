import sys,time
from pathlib import Path
sys.path[0]=str(Path(__file__).resolve().parent.parent)
from lab.world import World
from lab.checker import Violation
seed=int(sys.argv[1]); n=int(sys.argv[2]); days=int(sys.argv[3]) if len(sys.argv)>3 else 20
t=time.time(); bad=0
from collections import Counter
ends=Counter(); halts=Counter();fails=Counter(); struck=Counter(); orders=0
for s in range(seed,seed+n):
    w=World(s,days)
    try:
        for _ in range(days):
            w.live_day()
            if n==1 and len(sys.argv)>4: print("\n".join(w.lines))
    except BaseException as e:
        if isinstance(e,KeyboardInterrupt): raise
        bad+=1
        print(s,w.day,type(e).__name__,str(e)[:300])
        if n==1:
            print("\n".join(w.lines[-200:]))
            import traceback; traceback.print_exc()
    ends+=w.tally.ends; halts+=w.tally.halts;fails+=w.tally.fails; struck+=w.tally.struck; orders+=w.tally.orders
print(bad,"bad of",n,"worlds",orders,"orders",(time.time()-t)/(n*days)*1000,"ms/day",ends)
for h,c in halts.most_common(): print(c,h)
if n>1: print(dict(struck))

for h,c in fails.most_common(): print(c,h)
