"""Netlink, spoken directly: links, addresses and routes (rtnetlink(7)), and nftables (nfnetlink).

``codec`` makes and reads messages (pure), ``channel`` sends them; ``rtnetlink`` and ``nfnetlink`` know the families.
"""
