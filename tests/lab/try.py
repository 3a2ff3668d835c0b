import sys,time
from pathlib import Path
sys.path[0]=str(Path(__file__).resolve().parent.parent)
from lab.world import World
from lab.tally import Tally
seed=int(sys.argv[1]); n=int(sys.argv[2]); days=int(sys.argv[3]) if len(sys.argv)>3 else 20
t=time.process_time(); bad=0
total=Tally()
for s in range(seed,seed+n):
    w=World(s,days)
    try:
        for _ in range(days):
            w.live_day()
            if n==1 and len(sys.argv)>4: print(w.day_log())
    except BaseException as e:
        if isinstance(e,KeyboardInterrupt): raise
        bad+=1
        print(s,w.day,type(e).__name__,str(e)[:300])
        if n==1:
            print(w.day_log())
            import traceback; traceback.print_exc()
    total+=w.tally
print(bad,"bad of",n,"worlds",total.requests,"orders",(time.process_time()-t)/(n*days)*1000,"ms/day",total.ends)
if n>1:
    for c in (total.halts,total.last_evenings,total.failures,total.faults):
        print("-----")
        for h,k in c.most_common(40): print(k,h)
