"""What would happen if: failures one by one and two by two, judged in a model of the network.

    demand   how much traffic each pair of prefixes is taken to have
    sweep    what each failure costs, and what two cost that neither costs alone
    words    failures and bounds by the names that people use, and findings as sentences
    report   the findings as JSON
"""
